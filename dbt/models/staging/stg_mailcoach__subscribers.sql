{{ mailcoach.stage('subscribers', ['uuid'], [
    ('uuid', 'text', 'subscriber_uuid'),
    ('email_list_uuid', 'text', 'email_list_uuid'),
    ('email', 'text', 'email'),
    ('email', 'domain', 'email_domain'),
    ('first_name', 'text', 'first_name'),
    ('last_name', 'text', 'last_name'),
    ('tags', 'json_texts', 'tags'),
    ('tags', 'json_length', 'tag_count'),
    ('status', 'text', 'status'),
    ('subscribed_at', 'time', 'subscribed_at'),
    ('unsubscribed_at', 'time', 'unsubscribed_at'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}

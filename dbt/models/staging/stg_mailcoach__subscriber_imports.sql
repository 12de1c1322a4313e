{{ mailcoach.stage('subscriber_imports', ['uuid'], [
    ('uuid', 'text', 'import_uuid'),
    ('status', 'text', 'status'),
    ('email_list_uuid', 'text', 'email_list_uuid'),
    ('subscribe_unsubscribed', 'boolean', 'subscribe_unsubscribed'),
    ('unsubscribe_others', 'boolean', 'unsubscribe_others'),
    ('replace_tags', 'boolean', 'replace_tags'),
    ('imported_subscribers_count', 'integer', 'imported_subscribers_count'),
    ('error_count', 'integer', 'error_count'),
    ('created_at', 'time', 'created_at')
]) }}

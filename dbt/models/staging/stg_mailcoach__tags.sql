{{ mailcoach.stage('tags', ['uuid'], [
    ('uuid', 'text', 'tag_uuid'),
    ('name', 'text', 'name'),
    ('email_list_uuid', 'text', 'email_list_uuid'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}

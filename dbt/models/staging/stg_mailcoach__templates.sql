{{ mailcoach.stage('templates', ['uuid'], [
    ('uuid', 'text', 'template_uuid'),
    ('name', 'text', 'name'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}

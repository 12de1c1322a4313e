{{ mailcoach.stage('suppressions', ['uuid'], [
    ('uuid', 'text', 'suppression_uuid'),
    ('email', 'text', 'email'),
    ('email', 'domain', 'email_domain'),
    ('reason', 'text', 'reason'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}

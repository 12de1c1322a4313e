{{ mailcoach.stage('transactional_mails', ['uuid'], [
    ('uuid', 'text', 'transactional_mail_uuid'),
    ('subject', 'text', 'subject'),
    ('to', 'json_length', 'to_count'),
    ('cc', 'json_length', 'cc_count'),
    ('bcc', 'json_length', 'bcc_count'),
    ('created_at', 'time', 'created_at')
]) }}

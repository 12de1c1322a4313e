{{ mailcoach.stage('transactional_mail_templates', ['uuid'], [
    ('uuid', 'text', 'transactional_mail_template_uuid'),
    ('name', 'text', 'name'),
    ('to', 'json_texts', 'to_addresses'),
    ('cc', 'json_texts', 'cc_addresses'),
    ('bcc', 'json_texts', 'bcc_addresses'),
    ('subject', 'text', 'subject'),
    ('store_mail', 'boolean', 'store_mail'),
    ('created_at', 'time', 'created_at')
]) }}

{{ mailcoach.stage('automation_mails', ['uuid'], [
    ('uuid', 'text', 'automation_mail_uuid'),
    ('name', 'text', 'name'),
    ('template_uuid', 'text', 'template_uuid'),
    ('from_email', 'text', 'from_email'),
    ('subject', 'text', 'subject'),
    ('utm_tags', 'boolean', 'utm_tags'),
    ('add_subscriber_tags', 'boolean', 'add_subscriber_tags'),
    ('add_subscriber_link_tags', 'boolean', 'add_subscriber_link_tags'),
    ('sent_to_number_of_subscribers', 'integer', 'sent_to_number_of_subscribers'),
    ('open_count', 'integer', 'mailcoach_open_count'),
    ('unique_open_count', 'integer', 'mailcoach_unique_open_count'),
    ('open_rate', 'fraction', 'mailcoach_open_rate'),
    ('click_count', 'integer', 'mailcoach_click_count'),
    ('unique_click_count', 'integer', 'mailcoach_unique_click_count'),
    ('click_rate', 'fraction', 'mailcoach_click_rate'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}

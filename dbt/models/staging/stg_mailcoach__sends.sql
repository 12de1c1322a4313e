{{ mailcoach.stage('sends', ['uuid'], [
    ('uuid', 'text', 'send_uuid'),
    ('transport_message_id', 'text', 'transport_message_id'),
    ('campaign_uuid', 'text', 'campaign_uuid')
] + mailcoach.columns_of_mails()) }}

{{ mailcoach.stage('campaign_sends', ['campaign_uuid', 'uuid'], [
    ('campaign_uuid', 'text', 'campaign_uuid'),
    ('uuid', 'text', 'send_uuid'),
    ('transport_message_id', 'text', 'transport_message_id')
] + mailcoach.columns_of_mails() + [
    ('campaign_statistics_calculated_at', 'time', 'campaign_statistics_calculated_at')
]) }}

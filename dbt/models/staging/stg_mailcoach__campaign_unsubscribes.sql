{{ mailcoach.stage('campaign_unsubscribes', ['campaign_uuid', 'subscriber_uuid'], [
    ('campaign_uuid', 'text', 'campaign_uuid'),
    ('subscriber_uuid', 'text', 'subscriber_uuid'),
    ('subscriber_email', 'text', 'email'),
    ('subscriber_email', 'domain', 'email_domain'),
    ('subscriber_unsubscribed_at', 'time', 'unsubscribed_at'),
    ('campaign_statistics_calculated_at', 'time', 'campaign_statistics_calculated_at')
]) }}

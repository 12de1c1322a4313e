{{ mailcoach.stage('campaign_bounces', ['campaign_uuid', 'subscriber_uuid', 'type'], [
    ('campaign_uuid', 'text', 'campaign_uuid'),
    ('subscriber_uuid', 'text', 'subscriber_uuid'),
    ('type', 'text', 'bounce_type'),
    ('subscriber_email_list_uuid', 'text', 'email_list_uuid'),
    ('subscriber_email', 'text', 'email'),
    ('subscriber_email', 'domain', 'email_domain'),
    ('bounce_count', 'integer', 'bounce_count'),
    ('created_at', 'time', 'first_bounced_at'),
    ('campaign_statistics_calculated_at', 'time', 'campaign_statistics_calculated_at')
]) }}

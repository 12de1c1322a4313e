{{ mailcoach.stage('campaign_opens', ['campaign_uuid', 'subscriber_uuid'], [
    ('campaign_uuid', 'text', 'campaign_uuid'),
    ('subscriber_uuid', 'text', 'subscriber_uuid'),
    ('subscriber_email_list_uuid', 'text', 'email_list_uuid'),
    ('subscriber_email', 'text', 'email'),
    ('subscriber_email', 'domain', 'email_domain'),
    ('open_count', 'integer', 'open_count'),
    ('first_opened_at', 'time', 'first_opened_at'),
    ('last_opened_at', 'time', 'last_opened_at'),
    ('campaign_statistics_calculated_at', 'time', 'campaign_statistics_calculated_at')
]) }}

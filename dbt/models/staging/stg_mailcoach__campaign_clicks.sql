{{ mailcoach.stage('campaign_clicks', ['campaign_uuid', 'uuid'], [
    ('campaign_uuid', 'text', 'campaign_uuid'),
    ('uuid', 'text', 'link_uuid'),
    ('url', 'text', 'url'),
    ('unique_click_count', 'integer', 'mailcoach_unique_click_count'),
    ('click_count', 'integer', 'mailcoach_click_count'),
    ('campaign_statistics_calculated_at', 'time', 'campaign_statistics_calculated_at')
]) }}

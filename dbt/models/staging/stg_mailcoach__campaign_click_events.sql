{{ mailcoach.stage('campaign_click_events', ['uuid'], [
    ('uuid', 'text', 'click_uuid'),
    ('campaign_uuid', 'text', 'campaign_uuid'),
    ('link_uuid', 'text', 'link_uuid'),
    ('url', 'text', 'url'),
    ('send_uuid', 'text', 'send_uuid'),
    ('subscriber_uuid', 'text', 'subscriber_uuid'),
    ('created_at', 'time', 'clicked_at'),
    ('updated_at', 'time', 'updated_at'),
    ('campaign_statistics_calculated_at', 'time', 'campaign_statistics_calculated_at')
]) }}

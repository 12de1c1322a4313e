-- Single clicks. Where the server does not say who clicked, the mail does.
select
    clicks.click_uuid,
    clicks.campaign_uuid,
    clicks.link_uuid,
    clicks.url,
    clicks.send_uuid,
    coalesce(clicks.subscriber_uuid, mails.subscriber_uuid) as subscriber_uuid,
    clicks.clicked_at
from {{ ref('stg_mailcoach__campaign_click_events') }} as clicks
left join {{ ref('int_mailcoach__mails') }} as mails on mails.send_uuid = clicks.send_uuid

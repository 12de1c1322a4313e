-- Who joined and who left a list, and by which way. Mailcoach keeps the present state alone: somebody who left and came
-- back joined when coming back, and somebody who was deleted was never here.
with complained as (
    select distinct subscriber_uuid from {{ ref('campaign_recipients') }} where is_complained
),

by_campaign as (
    select distinct subscriber_uuid from {{ ref('campaign_recipients') }} where is_unsubscribed
)

select
    subscribers.subscriber_uuid,
    subscribers.email_list_uuid,
    'joined' as move,
    subscribers.subscribed_at as moved_at
from {{ ref('stg_mailcoach__subscribers') }} as subscribers
where subscribers.subscribed_at is not null

union all

select
    subscribers.subscriber_uuid,
    subscribers.email_list_uuid,
    case
        when complained.subscriber_uuid is not null then 'left_by_complaint'
        when by_campaign.subscriber_uuid is not null then 'left_by_campaign'
        else 'left_otherwise'
    end as move,
    subscribers.unsubscribed_at as moved_at
from {{ ref('stg_mailcoach__subscribers') }} as subscribers
left join complained on complained.subscriber_uuid = subscribers.subscriber_uuid
left join by_campaign on by_campaign.subscriber_uuid = subscribers.subscriber_uuid
where subscribers.subscribed_at is not null and subscribers.unsubscribed_at is not null

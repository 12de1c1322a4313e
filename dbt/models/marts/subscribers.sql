with got as (
    select
        subscriber_uuid,
        {{ mailcoach.count_if('is_sent') }} as campaigns_sent,
        {{ mailcoach.count_if('is_delivered') }} as campaigns_delivered,
        {{ mailcoach.count_if('is_opened') }} as campaigns_opened,
        {{ mailcoach.count_if('is_clicked') }} as campaigns_clicked,
        {{ mailcoach.count_if('is_read') }} as campaigns_read,
        {{ mailcoach.count_if('is_bounced') }} as campaigns_bounced,
        {{ mailcoach.total('open_count') }} as opens,
        {{ mailcoach.total('click_count') }} as clicks
    from {{ ref('campaign_recipients') }}
    group by subscriber_uuid
),

automations as (
    select subscriber_uuid, {{ mailcoach.count_if('sent_at is not null') }} as automation_mails_sent
    from {{ ref('int_mailcoach__mails') }}
    where automation_mail_uuid is not null and subscriber_uuid is not null
    group by subscriber_uuid
),

activity as (
    select
        subscriber_uuid,
        min(case when activity_type in ('opened', 'clicked') then occurred_at end) as first_activity_at,
        max(case when activity_type in ('opened', 'clicked') then occurred_at end) as last_activity_at,
        max(case when activity_type = 'sent' then occurred_at end) as last_sent_at
    from {{ ref('activities') }}
    where subscriber_uuid is not null
    group by subscriber_uuid
),

-- An address on several lists is a subscriber on each.
addresses as (
    select
        lower(email) as address,
        {{ mailcoach.count_if("status = 'subscribed'") }} as lists_subscribed,
        {{ mailcoach.whole('count(*)') }} as lists
    from {{ ref('stg_mailcoach__subscribers') }}
    where email is not null
    group by lower(email)
),

suppressed as (
    select distinct lower(email) as address from {{ ref('stg_mailcoach__suppressions') }} where email is not null
)

select
    subscribers.subscriber_uuid,
    subscribers.email_list_uuid,
    email_lists.name as email_list_name,
    subscribers.email,
    people.email_domain,
    people.mailbox_provider,
    subscribers.first_name,
    subscribers.last_name,
    subscribers.status,
    subscribers.subscribed_at,
    subscribers.unsubscribed_at,
    subscribers.created_at,
    suppressed.address is not null as is_suppressed,
    coalesce(addresses.lists, 1) as lists,
    coalesce(addresses.lists_subscribed, case when subscribers.status = 'subscribed' then 1 else 0 end)
        as lists_subscribed,
    subscribers.tags,
    subscribers.tag_count,
    {{ mailcoach.whole('got.campaigns_sent') }} as campaigns_sent,
    {{ mailcoach.whole('got.campaigns_delivered') }} as campaigns_delivered,
    {{ mailcoach.whole('got.campaigns_opened') }} as campaigns_opened,
    {{ mailcoach.whole('got.campaigns_clicked') }} as campaigns_clicked,
    {{ mailcoach.whole('got.campaigns_read') }} as campaigns_read,
    {{ mailcoach.whole('got.campaigns_bounced') }} as campaigns_bounced,
    {{ mailcoach.whole('got.opens') }} as opens,
    {{ mailcoach.whole('got.clicks') }} as clicks,
    {{ mailcoach.whole('automations.automation_mails_sent') }} as automation_mails_sent,
    activity.first_activity_at,
    activity.last_activity_at,
    activity.last_sent_at,
    case
        when subscribers.status = 'unconfirmed' then 'unconfirmed'
        when subscribers.status <> 'subscribed' then 'left'
        when coalesce(activity.last_activity_at, subscribers.subscribed_at)
            >= {{ mailcoach.days_before('as_of.as_of', var('mailcoach_active_days')) }}
            then case when activity.last_activity_at is null then 'new' else 'active' end
        when activity.last_activity_at >= {{ mailcoach.days_before('as_of.as_of', var('mailcoach_cooling_days')) }}
            then 'cooling'
        else 'dormant'
    end as engagement_tier
from {{ ref('stg_mailcoach__subscribers') }} as subscribers
cross join {{ ref('int_mailcoach__as_of') }} as as_of
left join {{ ref('stg_mailcoach__email_lists') }} as email_lists
    on email_lists.email_list_uuid = subscribers.email_list_uuid
left join {{ ref('int_mailcoach__people') }} as people on people.subscriber_uuid = subscribers.subscriber_uuid
left join addresses on addresses.address = lower(subscribers.email)
left join suppressed on suppressed.address = lower(subscribers.email)
left join got on got.subscriber_uuid = subscribers.subscriber_uuid
left join automations on automations.subscriber_uuid = subscribers.subscriber_uuid
left join activity on activity.subscriber_uuid = subscribers.subscriber_uuid

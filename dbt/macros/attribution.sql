{#- Which campaign an order, a web session or anything else of your own comes from: a row for each of yours, with the
    campaign if there is one.

    `events`: a relation with a key, a time with zone, and any of these columns: the UTM campaign, source and medium of
    the visit, and the address of the person. Name those that there are.
    By UTM: source and medium are Mailcoach's, and the UTM campaign is the campaign's. Of campaigns with one name it is
    the last that was sent before. By subscriber: the person's last click within `days` before. UTM goes first, since it
    tells of this very visit. An address is compared as the sync has it: with email_privacy sha256 give hashes. -#}
{% macro attribute(events, key, time, utm_campaign=none, utm_source=none, utm_medium=none, email=none, days=7) %}
with events as (
    select
        {{ key }} as event_key,
        {{ time }} as event_at,
        {{ utm_campaign or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as utm_campaign,
        {{ utm_source or "'newsletter'" }} as utm_source,
        {{ utm_medium or "'email'" }} as utm_medium,
        {{ 'lower(' ~ email ~ ')' if email else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as email
    from {{ events }}
),

touches as (
    select
        events.event_key,
        campaigns.campaign_uuid,
        cast(null as {{ dbt.type_string() }}) as subscriber_uuid,
        'utm' as attributed_by,
        campaigns.sent_at as touched_at,
        1 as place
    from events
    inner join {{ ref('mailcoach', 'campaigns') }} as campaigns
        on campaigns.utm_campaign = events.utm_campaign and campaigns.sent_at <= events.event_at
    where events.utm_source = 'newsletter' and events.utm_medium = 'email'

    union all

    select
        events.event_key,
        activities.campaign_uuid,
        activities.subscriber_uuid,
        'click' as attributed_by,
        activities.occurred_at as touched_at,
        2 as place
    from events
    inner join {{ ref('mailcoach', 'subscribers') }} as subscribers on lower(subscribers.email) = events.email
    inner join {{ ref('mailcoach', 'activities') }} as activities
        on activities.subscriber_uuid = subscribers.subscriber_uuid
        and activities.activity_type = 'clicked'
        and activities.campaign_uuid is not null
        and activities.occurred_at <= events.event_at
        and activities.occurred_at >= {{ mailcoach.days_before('events.event_at', days) }}
),

ranked as (
    select
        *,
        row_number() over (partition by event_key order by place, touched_at desc, campaign_uuid) as touch_rank
    from touches
)

select
    events.event_key as {{ key }},
    ranked.campaign_uuid,
    ranked.subscriber_uuid,
    coalesce(ranked.attributed_by, 'none') as attributed_by,
    ranked.touched_at
from events
left join ranked on ranked.event_key = events.event_key and ranked.touch_rank = 1
{% endmacro %}

-- The streams tell of opens when the first and the last was, and how many there were: these are up to two rows, whose
-- `events` add up to all. Clicks that no click event tells of (Mailcoach 6, later variants of a split test) are a row at
-- the time of the first.
{%- set nothing = 'cast(null as ' ~ dbt.type_string() ~ ')' %}


with clicks_by_event as (
    select campaign_uuid, subscriber_uuid, count(*) as click_count
    from {{ ref('int_mailcoach__clicks') }}
    group by campaign_uuid, subscriber_uuid
),

clicks_by_mail as (
    select
        recipients.campaign_uuid,
        recipients.subscriber_uuid,
        recipients.send_uuid,
        recipients.first_clicked_at,
        recipients.click_count - coalesce(clicks_by_event.click_count, 0) as click_count
    from {{ ref('campaign_recipients') }} as recipients
    left join clicks_by_event
        on clicks_by_event.campaign_uuid = recipients.campaign_uuid
        and clicks_by_event.subscriber_uuid = recipients.subscriber_uuid
),

{#- Each part has the same columns, in this order. #}
parts as (
    select
        {{ dbt.concat(["'joined/'", 'subscriber_uuid']) }} as activity_key,
        'joined' as activity_type,
        moved_at as occurred_at,
        cast(1 as {{ dbt.type_bigint() }}) as events,
        subscriber_uuid,
        {{ nothing }} as campaign_uuid,
        {{ nothing }} as automation_mail_uuid,
        {{ nothing }} as transactional_mail_uuid,
        {{ nothing }} as send_uuid,
        {{ nothing }} as link_uuid,
        {{ nothing }} as url
    from {{ ref('int_mailcoach__moves') }}
    where move = 'joined'

    union all

    select
        {{ dbt.concat(["'left_otherwise/'", 'subscriber_uuid']) }}, 'left_otherwise', moved_at, 1, subscriber_uuid,
        {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}
    from {{ ref('int_mailcoach__moves') }}
    where move = 'left_otherwise'

    union all

    select
        {{ dbt.concat(["'sent/'", 'send_uuid']) }}, 'sent', sent_at, 1, subscriber_uuid,
        campaign_uuid, automation_mail_uuid, transactional_mail_uuid, send_uuid, {{ nothing }}, {{ nothing }}
    from {{ ref('int_mailcoach__mails') }}
    where sent_at is not null and failed_at is null

    union all

    select
        {{ dbt.concat(["'failed/'", 'send_uuid']) }}, 'failed', failed_at, 1, subscriber_uuid,
        campaign_uuid, automation_mail_uuid, transactional_mail_uuid, send_uuid, {{ nothing }}, {{ nothing }}
    from {{ ref('int_mailcoach__mails') }}
    where failed_at is not null

    union all
    {{ mailcoach.opened(
        ref('campaign_recipients'), 'campaign_recipient_key',
        'subscriber_uuid, campaign_uuid, ' ~ nothing ~ ', ' ~ nothing ~ ', send_uuid, ' ~ nothing ~ ', ' ~ nothing,
        'campaign_uuid is not null'
    ) }}

    union all
    {{ mailcoach.opened(
        ref('int_mailcoach__mails'), 'send_uuid',
        'subscriber_uuid, ' ~ nothing ~ ', automation_mail_uuid, transactional_mail_uuid, send_uuid, ' ~ nothing ~ ', '
            ~ nothing,
        'campaign_uuid is null'
    ) }}

    union all

    select
        {{ dbt.concat(["'clicked/'", 'click_uuid']) }}, 'clicked', clicked_at, 1, subscriber_uuid,
        campaign_uuid, {{ nothing }}, {{ nothing }}, send_uuid, link_uuid, url
    from {{ ref('int_mailcoach__clicks') }}

    union all

    select
        {{ dbt.concat(["'clicked/mail/'", 'campaign_uuid', "'/'", 'subscriber_uuid']) }}, 'clicked', first_clicked_at,
        click_count, subscriber_uuid,
        campaign_uuid, {{ nothing }}, {{ nothing }}, send_uuid, {{ nothing }}, {{ nothing }}
    from clicks_by_mail
    where click_count > 0

    union all

    select
        {{ dbt.concat(["'clicked/mail/'", 'send_uuid']) }}, 'clicked', first_clicked_at, click_count, subscriber_uuid,
        {{ nothing }}, automation_mail_uuid, transactional_mail_uuid, send_uuid, {{ nothing }}, {{ nothing }}
    from {{ ref('int_mailcoach__mails') }}
    where click_count > 0 and campaign_uuid is null

    union all

    select
        {{ dbt.concat(["'unsubscribed/'", 'campaign_recipient_key']) }}, 'unsubscribed', unsubscribed_at, 1,
        subscriber_uuid, campaign_uuid, {{ nothing }}, {{ nothing }}, send_uuid, {{ nothing }}, {{ nothing }}
    from {{ ref('campaign_recipients') }}
    where is_unsubscribed

    union all

    select
        {{ dbt.concat(["'bounced/'", 'bounce_type', "'/'", 'campaign_uuid', "'/'", 'subscriber_uuid']) }},
        case bounce_type
            when 'bounce' then 'hard_bounced'
            when 'soft_bounce' then 'soft_bounced'
            when 'complaint' then 'complained'
            else 'suppressed'
        end,
        first_bounced_at, bounce_count, subscriber_uuid,
        campaign_uuid, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}
    from {{ ref('stg_mailcoach__campaign_bounces') }}

    union all

    select
        {{ dbt.concat(["'address_suppressed/'", 'suppression_uuid']) }}, 'address_suppressed', created_at, 1,
        {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ nothing }}
    from {{ ref('stg_mailcoach__suppressions') }}
)

select
    parts.activity_key,
    parts.activity_type,
    parts.occurred_at,
    parts.events,
    parts.subscriber_uuid,
    people.email_list_uuid,
    parts.campaign_uuid,
    parts.automation_mail_uuid,
    parts.transactional_mail_uuid,
    parts.send_uuid,
    parts.link_uuid,
    parts.url
from parts
left join {{ ref('int_mailcoach__people') }} as people on people.subscriber_uuid = parts.subscriber_uuid

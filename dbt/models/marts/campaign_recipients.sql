-- Opens and clicks are told twice, by the mail and by streams of their own, which can have been read at different times,
-- pruned, or not be selected. What one of them has seen has happened, so the larger number counts.
with mails as (
    select
        campaign_uuid,
        subscriber_uuid,
        min(send_uuid) as send_uuid,
        min(sent_at) as sent_at,
        max(case when failed_at is null then 0 else 1 end) as failed,
        {{ mailcoach.total('open_count') }} as open_count,
        {{ mailcoach.total('click_count') }} as click_count,
        min(first_opened_at) as first_opened_at,
        max(last_opened_at) as last_opened_at,
        min(first_clicked_at) as first_clicked_at,
        max(last_clicked_at) as last_clicked_at,
        max(hard_bounce_count) as hard_bounce_count,
        max(soft_bounce_count) as soft_bounce_count
    from {{ ref('int_mailcoach__mails') }}
    where campaign_uuid is not null and subscriber_uuid is not null
    group by campaign_uuid, subscriber_uuid
),

opens as (
    select campaign_uuid, subscriber_uuid, open_count, first_opened_at, last_opened_at
    from {{ ref('stg_mailcoach__campaign_opens') }}
),

clicks as (
    select
        campaign_uuid,
        subscriber_uuid,
        {{ mailcoach.whole('count(*)') }} as click_count,
        min(clicked_at) as first_clicked_at,
        max(clicked_at) as last_clicked_at
    from {{ ref('int_mailcoach__clicks') }}
    where subscriber_uuid is not null
    group by campaign_uuid, subscriber_uuid
),

unsubscribes as (
    select campaign_uuid, subscriber_uuid, unsubscribed_at
    from {{ ref('stg_mailcoach__campaign_unsubscribes') }}
),

bounces as (
    select
        campaign_uuid,
        subscriber_uuid,
        max(case when bounce_type = 'bounce' then 1 else 0 end) as hard,
        max(case when bounce_type = 'soft_bounce' then 1 else 0 end) as soft,
        max(case when bounce_type = 'complaint' then 1 else 0 end) as complaint,
        max(case when bounce_type = 'suppressed' then 1 else 0 end) as suppressed,
        min(case when bounce_type in ('bounce', 'soft_bounce') then first_bounced_at end) as first_bounced_at
    from {{ ref('stg_mailcoach__campaign_bounces') }}
    group by campaign_uuid, subscriber_uuid
),

pairs as (
    select distinct campaign_uuid, subscriber_uuid
    from (
        select campaign_uuid, subscriber_uuid from mails
        union all
        select campaign_uuid, subscriber_uuid from opens
        union all
        select campaign_uuid, subscriber_uuid from clicks
        union all
        select campaign_uuid, subscriber_uuid from unsubscribes
        union all
        select campaign_uuid, subscriber_uuid from bounces
    ) as mentions
),

facts as (
    select
        pairs.campaign_uuid,
        pairs.subscriber_uuid,
        mails.send_uuid,
        mails.send_uuid is not null as has_mail,
        mails.sent_at,
        coalesce(mails.failed, 0) = 1 as is_failed,
        greatest(coalesce(opens.open_count, 0), coalesce(mails.open_count, 0)) as open_count,
        greatest(coalesce(clicks.click_count, 0), coalesce(mails.click_count, 0)) as click_count,
        {{ mailcoach.earlier('opens.first_opened_at', 'mails.first_opened_at') }} as first_opened_at,
        {{ mailcoach.later('opens.last_opened_at', 'mails.last_opened_at') }} as last_opened_at,
        {{ mailcoach.earlier('clicks.first_clicked_at', 'mails.first_clicked_at') }} as first_clicked_at,
        {{ mailcoach.later('clicks.last_clicked_at', 'mails.last_clicked_at') }} as last_clicked_at,
        coalesce(bounces.hard, 0) = 1 or coalesce(mails.hard_bounce_count, 0) > 0 as is_hard_bounced,
        coalesce(bounces.soft, 0) = 1 or coalesce(mails.soft_bounce_count, 0) > 0 as is_soft_bounced,
        coalesce(bounces.complaint, 0) = 1 as is_complained,
        coalesce(bounces.suppressed, 0) = 1 as is_suppressed,
        bounces.first_bounced_at,
        unsubscribes.subscriber_uuid is not null as is_unsubscribed,
        unsubscribes.unsubscribed_at
    from pairs
    left join mails on mails.campaign_uuid = pairs.campaign_uuid and mails.subscriber_uuid = pairs.subscriber_uuid
    left join opens on opens.campaign_uuid = pairs.campaign_uuid and opens.subscriber_uuid = pairs.subscriber_uuid
    left join clicks on clicks.campaign_uuid = pairs.campaign_uuid and clicks.subscriber_uuid = pairs.subscriber_uuid
    left join unsubscribes
        on unsubscribes.campaign_uuid = pairs.campaign_uuid and unsubscribes.subscriber_uuid = pairs.subscriber_uuid
    left join bounces on bounces.campaign_uuid = pairs.campaign_uuid and bounces.subscriber_uuid = pairs.subscriber_uuid
),

judged as (
    select
        *,
        case
            when has_mail then sent_at is not null
            else open_count + click_count > 0 or is_unsubscribed or is_hard_bounced or is_soft_bounced or is_complained
        end as is_sent
    from facts
)

select
    {{ dbt.concat(['judged.campaign_uuid', "'/'", 'judged.subscriber_uuid']) }} as campaign_recipient_key,
    judged.campaign_uuid,
    judged.subscriber_uuid,
    coalesce(campaigns.email_list_uuid, people.email_list_uuid) as email_list_uuid,
    judged.send_uuid,
    judged.has_mail,
    judged.sent_at,
    judged.is_sent,
    judged.is_failed,
    judged.is_sent
        and not (judged.is_failed or judged.is_hard_bounced or judged.is_suppressed) as is_delivered,
    judged.open_count,
    judged.open_count > 0 as is_opened,
    judged.click_count,
    judged.click_count > 0 as is_clicked,
    judged.open_count + judged.click_count > 0 as is_read,
    judged.is_hard_bounced,
    judged.is_soft_bounced,
    judged.is_hard_bounced or judged.is_soft_bounced as is_bounced,
    judged.is_complained,
    judged.is_suppressed,
    judged.is_unsubscribed,
    judged.first_opened_at,
    judged.last_opened_at,
    judged.first_clicked_at,
    judged.last_clicked_at,
    judged.first_bounced_at,
    judged.unsubscribed_at,
    {{ mailcoach.hours_between('judged.sent_at', 'judged.first_opened_at') }} as hours_to_open,
    {{ mailcoach.hours_between('judged.sent_at', 'judged.first_clicked_at') }} as hours_to_click,
    coalesce(people.mailbox_provider, 'unknown') as mailbox_provider
from judged
left join {{ ref('stg_mailcoach__campaigns') }} as campaigns on campaigns.campaign_uuid = judged.campaign_uuid
left join {{ ref('int_mailcoach__people') }} as people on people.subscriber_uuid = judged.subscriber_uuid

with recipients as (
    select
        campaign_uuid,
        {{ mailcoach.count_if('has_mail') }} as mails,
        {{ mailcoach.count_if('is_sent') }} as sent,
        {{ mailcoach.count_if('is_failed') }} as failed,
        {{ mailcoach.count_if('is_delivered') }} as delivered,
        {{ mailcoach.total('open_count') }} as opens,
        {{ mailcoach.count_if('is_opened') }} as openers,
        {{ mailcoach.total('click_count') }} as clicks,
        {{ mailcoach.count_if('is_clicked') }} as clickers,
        {{ mailcoach.count_if('is_read') }} as readers,
        {{ mailcoach.count_if('is_unsubscribed') }} as unsubscribes,
        {{ mailcoach.count_if('is_bounced') }} as bounced,
        {{ mailcoach.count_if('is_hard_bounced') }} as hard_bounced,
        {{ mailcoach.count_if('is_soft_bounced') }} as soft_bounced,
        {{ mailcoach.count_if('is_complained') }} as complaints,
        {{ mailcoach.count_if('is_suppressed') }} as suppressed,
        {{ mailcoach.median('hours_to_open') }} as median_hours_to_open,
        {{ mailcoach.median('hours_to_click') }} as median_hours_to_click
    from {{ ref('campaign_recipients') }}
    group by campaign_uuid
),

links as (
    select campaign_uuid, {{ mailcoach.whole('count(*)') }} as clicked_links
    from {{ ref('stg_mailcoach__campaign_clicks') }}
    group by campaign_uuid
)

select
    campaigns.campaign_uuid,
    campaigns.name,
    campaigns.subject,
    campaigns.status,
    campaigns.email_list_uuid,
    email_lists.name as email_list_name,
    campaigns.template_uuid,
    campaigns.created_at,
    campaigns.sent_at,
    case when campaigns.utm_tags then {{ mailcoach.slug('campaigns.name') }} end as utm_campaign,
    {{ mailcoach.whole('recipients.mails') }} as mails,
    {{ mailcoach.whole('recipients.sent') }} as sent,
    {{ mailcoach.whole('recipients.failed') }} as failed,
    {{ mailcoach.whole('recipients.delivered') }} as delivered,
    {{ mailcoach.whole('recipients.opens') }} as opens,
    {{ mailcoach.whole('recipients.openers') }} as openers,
    {{ mailcoach.whole('recipients.clicks') }} as clicks,
    {{ mailcoach.whole('recipients.clickers') }} as clickers,
    {{ mailcoach.whole('recipients.readers') }} as readers,
    {{ mailcoach.whole('recipients.unsubscribes') }} as unsubscribes,
    {{ mailcoach.whole('recipients.bounced') }} as bounced,
    {{ mailcoach.whole('recipients.hard_bounced') }} as hard_bounced,
    {{ mailcoach.whole('recipients.soft_bounced') }} as soft_bounced,
    {{ mailcoach.whole('recipients.complaints') }} as complaints,
    {{ mailcoach.whole('recipients.suppressed') }} as suppressed,
    {{ mailcoach.rate('recipients.openers', 'recipients.delivered') }} as open_rate,
    {{ mailcoach.rate('recipients.clickers', 'recipients.delivered') }} as click_rate,
    {{ mailcoach.rate('recipients.readers', 'recipients.delivered') }} as read_rate,
    {{ mailcoach.rate('recipients.clickers', 'recipients.readers') }} as click_to_read_rate,
    {{ mailcoach.rate('recipients.unsubscribes', 'recipients.delivered') }} as unsubscribe_rate,
    {{ mailcoach.rate('recipients.bounced', 'recipients.sent') }} as bounce_rate,
    {{ mailcoach.rate('recipients.complaints', 'recipients.delivered') }} as complaint_rate,
    recipients.median_hours_to_open,
    recipients.median_hours_to_click,
    {{ mailcoach.whole('links.clicked_links') }} as clicked_links,
    campaigns.sent_to_number_of_subscribers as mailcoach_sent_count,
    campaigns.mailcoach_open_count,
    campaigns.mailcoach_unique_open_count,
    campaigns.mailcoach_open_rate,
    campaigns.mailcoach_click_count,
    campaigns.mailcoach_unique_click_count,
    campaigns.mailcoach_click_rate,
    campaigns.mailcoach_unsubscribe_count,
    campaigns.mailcoach_unsubscribe_rate,
    campaigns.mailcoach_bounce_count,
    campaigns.mailcoach_bounce_rate,
    campaigns.statistics_calculated_at,
    coalesce(campaigns.status = 'sent' and recipients.mails > campaigns.sent_to_number_of_subscribers, false)
        as is_split_test
from {{ ref('stg_mailcoach__campaigns') }} as campaigns
left join recipients on recipients.campaign_uuid = campaigns.campaign_uuid
left join links on links.campaign_uuid = campaigns.campaign_uuid
left join {{ ref('stg_mailcoach__email_lists') }} as email_lists
    on email_lists.email_list_uuid = campaigns.email_list_uuid

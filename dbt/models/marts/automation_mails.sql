-- A server that does not list automation mails still gives the mails that were sent: such a row has no name.
with recipients as (
    select
        automation_mail_uuid,
        {{ mailcoach.whole('count(*)') }} as mails,
        {{ mailcoach.count_if('sent_at is not null') }} as sent,
        {{ mailcoach.count_if('failed_at is not null') }} as failed,
        {{ mailcoach.count_if(
            'sent_at is not null and failed_at is null and coalesce(hard_bounce_count, 0) = 0'
        ) }} as delivered,
        {{ mailcoach.total('open_count') }} as opens,
        {{ mailcoach.count_if('open_count > 0') }} as openers,
        {{ mailcoach.total('click_count') }} as clicks,
        {{ mailcoach.count_if('click_count > 0') }} as clickers,
        {{ mailcoach.count_if('hard_bounce_count > 0 or soft_bounce_count > 0') }} as bounced,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from {{ ref('int_mailcoach__mails') }}
    where automation_mail_uuid is not null
    group by automation_mail_uuid
)

select
    coalesce(listed.automation_mail_uuid, recipients.automation_mail_uuid) as automation_mail_uuid,
    listed.automation_mail_uuid is not null as is_listed,
    listed.name,
    listed.subject,
    listed.template_uuid,
    listed.created_at,
    recipients.first_sent_at,
    recipients.last_sent_at,
    {{ mailcoach.whole('recipients.mails') }} as mails,
    {{ mailcoach.whole('recipients.sent') }} as sent,
    {{ mailcoach.whole('recipients.failed') }} as failed,
    {{ mailcoach.whole('recipients.delivered') }} as delivered,
    {{ mailcoach.whole('recipients.opens') }} as opens,
    {{ mailcoach.whole('recipients.openers') }} as openers,
    {{ mailcoach.whole('recipients.clicks') }} as clicks,
    {{ mailcoach.whole('recipients.clickers') }} as clickers,
    {{ mailcoach.whole('recipients.bounced') }} as bounced,
    {{ mailcoach.rate('recipients.openers', 'recipients.delivered') }} as open_rate,
    {{ mailcoach.rate('recipients.clickers', 'recipients.delivered') }} as click_rate,
    listed.sent_to_number_of_subscribers as mailcoach_sent_count,
    listed.mailcoach_open_count,
    listed.mailcoach_unique_open_count,
    listed.mailcoach_open_rate,
    listed.mailcoach_click_count,
    listed.mailcoach_unique_click_count,
    listed.mailcoach_click_rate
from {{ ref('stg_mailcoach__automation_mails') }} as listed
full outer join recipients on recipients.automation_mail_uuid = listed.automation_mail_uuid

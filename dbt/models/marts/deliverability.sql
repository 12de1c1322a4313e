with providers as (
    select
        campaign_uuid,
        mailbox_provider,
        {{ mailcoach.count_if('is_sent') }} as sent,
        {{ mailcoach.count_if('is_failed') }} as failed,
        {{ mailcoach.count_if('is_bounced') }} as bounced,
        {{ mailcoach.count_if('is_hard_bounced') }} as hard_bounced,
        {{ mailcoach.count_if('is_soft_bounced') }} as soft_bounced,
        {{ mailcoach.count_if('is_suppressed') }} as suppressed,
        {{ mailcoach.count_if('is_delivered') }} as delivered,
        {{ mailcoach.count_if('is_complained') }} as complaints,
        {{ mailcoach.count_if('is_opened') }} as openers,
        {{ mailcoach.count_if('is_clicked') }} as clickers,
        {{ mailcoach.count_if('is_unsubscribed') }} as unsubscribes
    from {{ ref('campaign_recipients') }}
    group by campaign_uuid, mailbox_provider
)

select
    {{ dbt.concat(['providers.campaign_uuid', "'/'", 'providers.mailbox_provider']) }} as deliverability_key,
    providers.campaign_uuid,
    providers.mailbox_provider,
    campaigns.name as campaign_name,
    campaigns.sent_at,
    providers.sent,
    providers.failed,
    providers.bounced,
    providers.hard_bounced,
    providers.soft_bounced,
    providers.suppressed,
    providers.delivered,
    providers.complaints,
    providers.openers,
    providers.clickers,
    providers.unsubscribes,
    {{ mailcoach.rate('providers.delivered', 'providers.sent') }} as delivery_rate,
    {{ mailcoach.rate('providers.openers', 'providers.delivered') }} as open_rate,
    {{ mailcoach.rate('providers.complaints', 'providers.delivered') }} as complaint_rate
from providers
left join {{ ref('stg_mailcoach__campaigns') }} as campaigns on campaigns.campaign_uuid = providers.campaign_uuid

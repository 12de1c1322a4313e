with people as (
    select
        email_list_uuid,
        {{ mailcoach.count_if("status = 'subscribed'") }} as subscribed,
        {{ mailcoach.count_if("status = 'unsubscribed'") }} as unsubscribed,
        {{ mailcoach.count_if("status = 'unconfirmed'") }} as unconfirmed,
        {{ mailcoach.count_if("status = 'subscribed' and is_suppressed") }} as suppressed,
        {{ mailcoach.count_if("engagement_tier = 'new'") }} as new_subscribers,
        {{ mailcoach.count_if("engagement_tier = 'active'") }} as active_readers,
        {{ mailcoach.count_if("engagement_tier = 'cooling'") }} as cooling_readers,
        {{ mailcoach.count_if("engagement_tier = 'dormant'") }} as dormant_readers
    from {{ ref('subscribers') }}
    group by email_list_uuid
),

moves as (
    select
        moves.email_list_uuid,
        {{ mailcoach.count_if("moves.move = 'joined'") }} as joined_last_30_days,
        {{ mailcoach.count_if("moves.move <> 'joined'") }} as left_last_30_days
    from {{ ref('int_mailcoach__moves') }} as moves
    cross join {{ ref('int_mailcoach__as_of') }} as as_of
    where moves.moved_at >= {{ mailcoach.days_before('as_of.as_of', 30) }}
    group by moves.email_list_uuid
),

campaigns as (
    select
        email_list_uuid,
        {{ mailcoach.whole('count(*)') }} as campaigns_sent,
        max(sent_at) as last_campaign_sent_at,
        {{ mailcoach.total('delivered') }} as delivered,
        {{ mailcoach.total('openers') }} as openers,
        {{ mailcoach.total('clickers') }} as clickers,
        {{ mailcoach.total('unsubscribes') }} as unsubscribes
    from {{ ref('campaigns') }}
    where status = 'sent'
    group by email_list_uuid
)

select
    email_lists.email_list_uuid,
    email_lists.name,
    email_lists.requires_confirmation,
    email_lists.created_at,
    {{ mailcoach.whole('people.subscribed') }} as subscribed,
    {{ mailcoach.whole('people.unsubscribed') }} as unsubscribed,
    {{ mailcoach.whole('people.unconfirmed') }} as unconfirmed,
    {{ mailcoach.whole('people.suppressed') }} as suppressed,
    {{ mailcoach.whole('people.new_subscribers') }} as new_subscribers,
    {{ mailcoach.whole('people.active_readers') }} as active_readers,
    {{ mailcoach.whole('people.cooling_readers') }} as cooling_readers,
    {{ mailcoach.whole('people.dormant_readers') }} as dormant_readers,
    email_lists.mailcoach_active_subscribers_count,
    {{ mailcoach.whole('moves.joined_last_30_days') }} as joined_last_30_days,
    {{ mailcoach.whole('moves.left_last_30_days') }} as left_last_30_days,
    {{ mailcoach.whole('campaigns.campaigns_sent') }} as campaigns_sent,
    campaigns.last_campaign_sent_at,
    {{ mailcoach.rate('campaigns.openers', 'campaigns.delivered') }} as open_rate,
    {{ mailcoach.rate('campaigns.clickers', 'campaigns.delivered') }} as click_rate,
    {{ mailcoach.rate('campaigns.unsubscribes', 'campaigns.delivered') }} as unsubscribe_rate
from {{ ref('stg_mailcoach__email_lists') }} as email_lists
left join people on people.email_list_uuid = email_lists.email_list_uuid
left join moves on moves.email_list_uuid = email_lists.email_list_uuid
left join campaigns on campaigns.email_list_uuid = email_lists.email_list_uuid

with clicks as (
    select
        campaign_uuid,
        link_uuid,
        count(*) as clicks,
        count(distinct subscriber_uuid) as clickers,
        min(clicked_at) as first_clicked_at,
        max(clicked_at) as last_clicked_at
    from {{ ref('int_mailcoach__clicks') }}
    group by campaign_uuid, link_uuid
)

select
    {{ dbt.concat(['links.campaign_uuid', "'/'", 'links.link_uuid']) }} as link_key,
    links.campaign_uuid,
    links.link_uuid,
    campaigns.name as campaign_name,
    links.url,
    {{ mailcoach.url_host('links.url') }} as host,
    {{ mailcoach.url_path('links.url') }} as path,
    {{ mailcoach.url_parameter('links.url', 'utm_source') }} as utm_source,
    {{ mailcoach.url_parameter('links.url', 'utm_medium') }} as utm_medium,
    {{ mailcoach.url_parameter('links.url', 'utm_campaign') }} as utm_campaign,
    {{ mailcoach.url_parameter('links.url', 'utm_content') }} as utm_content,
    {{ mailcoach.url_parameter('links.url', 'utm_term') }} as utm_term,
    campaigns.utm_campaign as campaign_utm_campaign,
    {{ mailcoach.whole('clicks.clicks') }} as clicks,
    {{ mailcoach.whole('clicks.clickers') }} as clickers,
    clicks.first_clicked_at,
    clicks.last_clicked_at,
    links.mailcoach_click_count,
    links.mailcoach_unique_click_count,
    {{ mailcoach.rate(
        'links.mailcoach_click_count', 'sum(links.mailcoach_click_count) over (partition by links.campaign_uuid)'
    ) }} as share_of_clicks
from {{ ref('stg_mailcoach__campaign_clicks') }} as links
left join clicks on clicks.campaign_uuid = links.campaign_uuid and clicks.link_uuid = links.link_uuid
left join {{ ref('campaigns') }} as campaigns on campaigns.campaign_uuid = links.campaign_uuid

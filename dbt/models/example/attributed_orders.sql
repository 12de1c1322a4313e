with attributed as (
    {{ mailcoach.attribute(
        ref('example_orders'),
        key='order_id',
        time=mailcoach.as_time('ordered_at', 'timestamp'),
        utm_campaign='utm_campaign',
        utm_source='utm_source',
        utm_medium='utm_medium',
        email='email',
        days=7
    ) }}
)

select
    orders.order_id,
    {{ mailcoach.as_time('orders.ordered_at', 'timestamp') }} as ordered_at,
    orders.revenue,
    attributed.attributed_by,
    attributed.campaign_uuid,
    campaigns.name as campaign_name,
    attributed.touched_at
from {{ ref('example_orders') }} as orders
inner join attributed on attributed.order_id = orders.order_id
left join {{ ref('campaigns') }} as campaigns on campaigns.campaign_uuid = attributed.campaign_uuid

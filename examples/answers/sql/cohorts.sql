-- Do people read on, the longer they are with us?
--
-- Which part of the mails that reached them people read, by the quarter in which they joined and by the month since,
-- where a month has 30 days. Without a quarter: all of them. Cells of fewer than 30 mails are left out.
with mails as (
    select date_trunc('quarter', subscribed_at at time zone 'UTC') as joined,
           1 + date_diff('second', subscribed_at, sent_at) // (30 * 86400) as month,
           subscriber_uuid,
           is_read
    from campaign_recipients
    join subscribers using (subscriber_uuid)
    where is_delivered and sent_at >= subscribed_at
)
select strftime(joined, '%Y-%m') as joined,
       month,
       count(distinct subscriber_uuid) as people,
       count(*) as delivered,
       count(*) filter (where is_read) as readers,
       avg(cast(is_read as integer)) as read_rate
from mails
where month <= 12
group by grouping sets ((joined, month), (month))
having count(*) >= 30
order by joined nulls first, month

-- How do the lists grow, and why do people leave?
--
-- The last 26 weeks in which something happened, of the three largest lists.
with last as (
    select max(day) as day from list_daily where joined + left_by_campaign + left_by_complaint + left_otherwise > 0
),
largest as (
    select email_list_uuid, subscribed from lists order by subscribed desc, email_list_uuid limit 3
)
select email_list_name as list,
       cast(date_trunc('week', list_daily.day) as date) as week,
       sum(joined) as joined,
       sum(left_by_campaign) as left_by_campaign,
       sum(left_by_complaint) as left_by_complaint,
       sum(left_otherwise) as left_otherwise,
       arg_max(active, list_daily.day) as active
from list_daily
join largest using (email_list_uuid)
join last on list_daily.day between date_trunc('week', last.day) - interval 25 week and last.day
group by email_list_uuid, email_list_name, subscribed, week
order by subscribed desc, email_list_uuid, week

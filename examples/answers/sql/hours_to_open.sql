-- How fast do people open?
--
-- Of all who opened a campaign: how many had done so within some hours of its sending.
with opened as (
    select hours_to_open from campaign_recipients where is_opened and hours_to_open is not null
)
select hours,
       count(*) filter (where hours_to_open <= hours) as openers,
       avg(cast(hours_to_open <= hours as integer)) as share,
       median(hours_to_open) as median_hours
from opened
cross join (values (1), (2), (4), (8), (12), (24), (48), (72), (168)) as within(hours)
group by hours
order by hours

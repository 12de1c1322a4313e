-- When do people open?
--
-- First opens of all campaigns by weekday (1 is Monday) and hour, in UTC.
select cast(extract('isodow' from first_opened_at at time zone 'UTC') as integer) as weekday,
       cast(extract('hour' from first_opened_at at time zone 'UTC') as integer) as hour,
       count(*) as openers
from campaign_recipients
where is_opened and first_opened_at is not null
group by weekday, hour
order by weekday, hour

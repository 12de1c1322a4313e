-- How far do mails get?
--
-- All campaigns of a list together, counted in people. Who clicked has read, also where images are blocked.
select coalesce(email_list_name, 'A deleted list') as list,
       count(*) as campaigns,
       sum(sent) as sent,
       sum(delivered) as delivered,
       sum(readers) as readers,
       sum(clickers) as clickers,
       sum(unsubscribes) as unsubscribes
from campaigns
where sent > 0
group by email_list_uuid, email_list_name
order by sent desc, list
limit 3

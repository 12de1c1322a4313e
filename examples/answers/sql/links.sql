-- What do people click?
--
-- The links of the campaign with the most clicks, as Mailcoach counts them.
with most as (
    select campaign_uuid
    from links
    group by campaign_uuid
    order by sum(mailcoach_click_count) desc, campaign_uuid
    limit 1
)
select campaign_name,
       coalesce(host, '') as host,
       coalesce(path, url) as path,
       mailcoach_click_count as clicks,
       mailcoach_unique_click_count as clickers,
       share_of_clicks
from links
join most using (campaign_uuid)
order by clicks desc, host, path, link_uuid
limit 10

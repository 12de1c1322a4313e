-- What came back of each campaign, and do its counters agree?
--
-- Of the last twelve campaigns: what rows add up to, beside the campaign's own counter, and why the two differ.
with latest as (
    select campaign_uuid
    from campaigns
    where sent_at is not null
    order by sent_at desc, campaign_uuid
    limit 12
)
select campaign_name, sent_at, measure, from_rows, counter, difference, reason
from campaign_counters
join latest using (campaign_uuid)
where measure in ('openers', 'clickers', 'unsubscribes', 'bounced')
order by sent_at desc, campaign_uuid, list_position(['openers', 'clickers', 'unsubscribes', 'bounced'], measure)

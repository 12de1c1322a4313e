-- From sent to opened to clicked to unsubscribed, in people: how many of a campaign's mails get how far?
--
-- Counted from single mails, so every variant of a split test is in it. Whoever clicked has opened too, also where
-- images are blocked and no open was seen. Hard bounces, suppressed mails and those that the provider refused have not
-- arrived. A spam complaint counts as an unsubscribe. Percentages are of the mails that arrived.
--
-- Streams: campaigns, campaign_sends, campaign_bounces, campaign_unsubscribes, email_lists. Mailcoach 6.24.1 or later.
-- Runs on DuckDB and on SQLite.

with
sent_back as (
    select distinct campaign_uuid, subscriber_uuid from campaign_bounces where type in ('bounce', 'suppressed')
),
mails as (
    select m.campaign_uuid,
           case when m.failed_at is null and b.subscriber_uuid is null then 1 else 0 end as arrived,
           case when m.open_count > 0 or m.click_count > 0 then 1 else 0 end as opened,
           case when m.click_count > 0 then 1 else 0 end as clicked,
           case when u.subscriber_uuid is not null then 1 else 0 end as unsubscribed
    from campaign_sends m
    left join sent_back b on b.campaign_uuid = m.campaign_uuid and b.subscriber_uuid = m.subscriber_uuid
    left join campaign_unsubscribes u on u.campaign_uuid = m.campaign_uuid and u.subscriber_uuid = m.subscriber_uuid
    where m.sent_at is not null
),
steps as (
    select campaign_uuid, count(*) as sent, sum(arrived) as arrived, sum(opened) as opened, sum(clicked) as clicked,
           sum(unsubscribed) as unsubscribed
    from mails
    group by campaign_uuid
)
select c.name as campaign, l.name as list, c.sent_at, s.sent, s.arrived, s.opened, s.clicked, s.unsubscribed,
       round(100.0 * s.opened / nullif(s.arrived, 0), 1) as opened_percent,
       round(100.0 * s.clicked / nullif(s.arrived, 0), 1) as clicked_percent,
       round(100.0 * s.unsubscribed / nullif(s.arrived, 0), 2) as unsubscribed_percent
from steps s
join campaigns c on c.uuid = s.campaign_uuid
left join email_lists l on l.uuid = c.email_list_uuid
order by c.sent_at, c.uuid

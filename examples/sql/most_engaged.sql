-- Who reads us? Of the last ten campaigns of each list: how many did each subscriber get, open and click?
--
-- Clicks count more than opens, which some mail programs make by themselves; so people are ranked by campaigns clicked,
-- then opened, then by the time of the last sign of life. Somebody who was deleted, or has left, is not here.
--
-- Streams: campaigns, campaign_sends, subscribers, email_lists. Needs Mailcoach 6.24.1 or later; times from 8.7.
-- Runs on DuckDB and on SQLite.

with
recent as (
    select uuid
    from (
        select uuid, row_number() over (partition by email_list_uuid order by sent_at desc, uuid) as place
        from campaigns
        where sent_at is not null
    ) ranked
    where place <= 10
),
reading as (
    select m.subscriber_uuid,
           count(*) as received,
           sum(case when m.open_count > 0 or m.click_count > 0 then 1 else 0 end) as opened,
           sum(case when m.click_count > 0 then 1 else 0 end) as clicked,
           max(case when m.last_clicked_at > m.last_opened_at then m.last_clicked_at else m.last_opened_at end)
               as last_seen_at
    from campaign_sends m
    join recent r on r.uuid = m.campaign_uuid
    where m.sent_at is not null
    group by m.subscriber_uuid
)
select s.email, l.name as list, r.received, r.opened, r.clicked, r.last_seen_at, s.uuid as subscriber_uuid
from reading r
join subscribers s on s.uuid = r.subscriber_uuid
left join email_lists l on l.uuid = s.email_list_uuid
where s.status = 'subscribed' and r.opened > 0
order by r.clicked desc, r.opened desc, r.last_seen_at desc, s.uuid

-- How do the lists grow, and why do people leave? Week by week: who joined, who left by which way, who is active after.
--
-- A week is YEAR-NUMBER and begins on Monday; the days before the first Monday of a year are week 00. Weeks in which
-- nothing happened are not listed. Mailcoach keeps the present state of a person only: somebody who left and came back
-- joined when coming back, and somebody who was deleted was never here. So the weeks far back are a little too low,
-- while `active` of the last week is what email_lists.active_subscribers_count says, after a full refresh.
--
-- Streams: subscribers, email_lists, campaign_unsubscribes, campaign_bounces.
-- Runs on DuckDB and on SQLite.

with
complained as (
    select distinct subscriber_uuid from campaign_bounces where type = 'complaint'
),
by_campaign as (
    select distinct subscriber_uuid from campaign_unsubscribes
),
moves as (
    select email_list_uuid, strftime('%Y-%W', subscribed_at) as week,
           1 as joined, 0 as left_by_campaign, 0 as left_by_complaint, 0 as left_otherwise
    from subscribers
    where subscribed_at is not null
    union all
    select s.email_list_uuid, strftime('%Y-%W', s.unsubscribed_at), 0,
           case when c.subscriber_uuid is null and u.subscriber_uuid is not null then 1 else 0 end,
           case when c.subscriber_uuid is not null then 1 else 0 end,
           case when c.subscriber_uuid is null and u.subscriber_uuid is null then 1 else 0 end
    from subscribers s
    left join complained c on c.subscriber_uuid = s.uuid
    left join by_campaign u on u.subscriber_uuid = s.uuid
    where s.subscribed_at is not null and s.unsubscribed_at is not null
),
weeks as (
    select email_list_uuid, week, sum(joined) as joined, sum(left_by_campaign) as left_by_campaign,
           sum(left_by_complaint) as left_by_complaint, sum(left_otherwise) as left_otherwise
    from moves
    group by email_list_uuid, week
)
select l.name as list, w.week, w.joined, w.left_by_campaign, w.left_by_complaint, w.left_otherwise,
       sum(w.joined - w.left_by_campaign - w.left_by_complaint - w.left_otherwise)
           over (partition by w.email_list_uuid order by w.week) as active,
       w.email_list_uuid
from weeks w
left join email_lists l on l.uuid = w.email_list_uuid
order by l.name, w.email_list_uuid, w.week

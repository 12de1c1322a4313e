-- What came back of each campaign: counted from the rows, and beside it the campaign's own counter.
--
-- A counter is as old as `statistics_calculated_at`, rows are as new as the sync. Where they differ, `why` says which
-- known reason fits. Complaints and suppressed mails are rows of campaign_bounces that no counter of bounces has.
--
-- Streams: campaigns, campaign_opens, campaign_click_events, campaign_unsubscribes, campaign_bounces, campaign_sends.
-- Runs on DuckDB and on SQLite.

with
opens as (
    select c.uuid,
           sum(o.open_count) as opens,
           count(o.subscriber_uuid) as openers,
           sum(case when o.last_opened_at > c.statistics_calculated_at then 1 else 0 end) as younger
    from campaigns c join campaign_opens o on o.campaign_uuid = c.uuid
    group by c.uuid
),
clicks as (
    select c.uuid,
           count(*) as clicks,
           count(distinct e.subscriber_uuid) as clickers,
           sum(case when e.created_at > c.statistics_calculated_at then 1 else 0 end) as younger
    from campaigns c join campaign_click_events e on e.campaign_uuid = c.uuid
    group by c.uuid
),
unsubscribes as (
    select c.uuid,
           count(*) as unsubscribes,
           sum(case when u.subscriber_unsubscribed_at > c.statistics_calculated_at then 1 else 0 end) as younger
    from campaigns c join campaign_unsubscribes u on u.campaign_uuid = c.uuid
    group by c.uuid
),
bounces as (
    select c.uuid,
           count(distinct case when b.type in ('bounce', 'soft_bounce') then b.subscriber_uuid end) as bounced,
           count(case when b.type = 'complaint' then 1 end) as complaints,
           count(case when b.type = 'suppressed' then 1 end) as suppressed,
           sum(case when b.created_at > c.statistics_calculated_at then 1 else 0 end) as younger
    from campaigns c join campaign_bounces b on b.campaign_uuid = c.uuid
    group by c.uuid
),
mails as (
    select campaign_uuid as uuid, count(*) as mails from campaign_sends group by campaign_uuid
),
measures as (
    select c.uuid, 1 as place, 'opens' as measure, o.opens as from_rows, c.open_count as counter, o.younger
    from campaigns c left join opens o on o.uuid = c.uuid
    union all
    select c.uuid, 2, 'people who opened', o.openers, c.unique_open_count, o.younger
    from campaigns c left join opens o on o.uuid = c.uuid
    union all
    select c.uuid, 3, 'clicks', k.clicks, c.click_count, k.younger
    from campaigns c left join clicks k on k.uuid = c.uuid
    union all
    select c.uuid, 4, 'people who clicked', k.clickers, c.unique_click_count, k.younger
    from campaigns c left join clicks k on k.uuid = c.uuid
    union all
    select c.uuid, 5, 'unsubscribes', u.unsubscribes, c.unsubscribe_count, u.younger
    from campaigns c left join unsubscribes u on u.uuid = c.uuid
    union all
    select c.uuid, 6, 'bounces', b.bounced, c.bounce_count, b.younger
    from campaigns c left join bounces b on b.uuid = c.uuid
    union all
    select c.uuid, 7, 'complaints', b.complaints, null, 0
    from campaigns c left join bounces b on b.uuid = c.uuid
    union all
    select c.uuid, 8, 'suppressed', b.suppressed, null, 0
    from campaigns c left join bounces b on b.uuid = c.uuid
),
compared as (
    select uuid, place, measure, coalesce(from_rows, 0) as from_rows, counter,
           coalesce(from_rows, 0) - counter as difference, coalesce(younger, 0) as younger
    from measures
)
select c.uuid as campaign_uuid, c.name as campaign, c.sent_at, x.measure, x.from_rows, x.counter, x.difference,
       case
           when x.measure = 'complaints' then 'Has no counter; a complaint counts as an unsubscribe.'
           when x.measure = 'suppressed' then 'Has no counter: these mails were never sent.'
           when x.difference = 0 then ''
           when x.measure like '%click%' and not exists (select 1 from campaign_click_events)
               then 'The server lists no single clicks (before 7.0): see click_count of campaign_clicks.'
           when m.mails > c.sent_to_number_of_subscribers
               then 'A split test, it seems: more mails than the first variant had, and counters know only that one.'
           when x.difference > 0 and x.younger > 0 then 'The counter lags: some rows are younger than the last count.'
           when x.difference > 0
               then 'Reported late, and never counted (8.7 and later); or people were deleted, and rows here are kept.'
           else 'People were deleted since the last count, and their rows went; or events came later than the lookback.'
       end as why
from compared x
join campaigns c on c.uuid = x.uuid
left join mails m on m.uuid = x.uuid
where c.status <> 'draft'
order by c.sent_at, c.uuid, x.place

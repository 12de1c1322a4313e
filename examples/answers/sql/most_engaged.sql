-- Who reads us?
--
-- Of the last ten campaigns of their list: how many each subscriber got, read and clicked. The first twelve.
with recent as (
    select campaign_uuid
    from campaigns
    where sent_at is not null
    qualify row_number() over (partition by email_list_uuid order by sent_at desc, campaign_uuid) <= 10
)
select coalesce(email, subscriber_uuid) as reader,
       email_list_name as list,
       count(*) as received,
       count(*) filter (where is_read) as read,
       count(*) filter (where is_clicked) as clicked
from campaign_recipients
join recent using (campaign_uuid)
join subscribers using (subscriber_uuid)
where is_sent and status = 'subscribed'
group by subscriber_uuid, email, email_list_name
having count(*) filter (where is_read) > 0
order by clicked desc, read desc, received, subscriber_uuid
limit 12

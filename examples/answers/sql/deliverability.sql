-- Where do our mails arrive?
--
-- Campaigns of the 90 days up to the last one, by who runs the mailbox. Providers with fewer than 100 mails are left out.
with last as (
    select max(sent_at) as sent_at from campaigns
)
select mailbox_provider,
       sum(sent) as sent,
       sum(bounced) as bounced,
       sum(complaints) as complaints,
       sum(openers) as openers,
       sum(bounced) / sum(sent) as bounce_rate,
       sum(openers) / nullif(sum(delivered), 0) as open_rate
from deliverability
join last on deliverability.sent_at > last.sent_at - interval 90 day
group by mailbox_provider
having sum(sent) >= 100
order by bounce_rate desc, mailbox_provider
limit 10

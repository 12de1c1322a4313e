-- Each row is a counter of Mailcoach's that the rows do not add up to, for no reason that is known.
select * from {{ ref('campaign_counters') }} where unexplained > 0

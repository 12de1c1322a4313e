-- sends and campaign_sends have the same rows for campaigns. Whichever is selected is enough; of both, the row that was
-- read last counts.
{%- set columns = [
    'send_uuid', 'campaign_uuid', 'automation_mail_uuid', 'transactional_mail_uuid', 'subscriber_uuid',
    'sent_at', 'failed_at', 'failure_reason', 'open_count', 'click_count',
    'first_opened_at', 'last_opened_at', 'first_clicked_at', 'last_clicked_at',
    'hard_bounce_count', 'soft_bounce_count', 'created_at', 'extracted_at',
] %}

with both_streams as (
    select {{ columns | join(', ') }}, 1 as place from {{ ref('stg_mailcoach__campaign_sends') }}
    union all
    select {{ columns | join(', ') }}, 2 as place from {{ ref('stg_mailcoach__sends') }}
),

ranked as (
    select *, row_number() over (partition by send_uuid order by extracted_at desc, place) as version_rank
    from both_streams
)

select {{ columns | join(', ') }}
from ranked
where version_rank = 1

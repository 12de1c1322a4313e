-- The moment that the data tells of: when the last row was read, or Mailcoach last counted.
with moments as (
    select max(extracted_at) as moment from {{ ref('stg_mailcoach__email_lists') }}
    union all
    select max(extracted_at) from {{ ref('stg_mailcoach__subscribers') }}
    union all
    select max(extracted_at) from {{ ref('stg_mailcoach__campaigns') }}
    union all
    select max(statistics_calculated_at) from {{ ref('stg_mailcoach__campaigns') }}
    union all
    select max(extracted_at) from {{ ref('stg_mailcoach__campaign_sends') }}
    union all
    select max(extracted_at) from {{ ref('stg_mailcoach__sends') }}
)

select max(moment) as as_of from moments

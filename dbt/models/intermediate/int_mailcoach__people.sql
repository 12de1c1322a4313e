-- Who a subscriber is, as far as any stream tells: whoever was deleted is in the rows of campaigns alone.
with mentions as (
    select subscriber_uuid, email_list_uuid, email, email_domain, 1 as place, extracted_at
    from {{ ref('stg_mailcoach__subscribers') }}
    union all
    select subscriber_uuid, email_list_uuid, email, email_domain, 2, extracted_at
    from {{ ref('stg_mailcoach__campaign_bounces') }}
    union all
    select subscriber_uuid, email_list_uuid, email, email_domain, 3, extracted_at
    from {{ ref('stg_mailcoach__campaign_opens') }}
    union all
    select subscriber_uuid, cast(null as {{ dbt.type_string() }}), email, email_domain, 4, extracted_at
    from {{ ref('stg_mailcoach__campaign_unsubscribes') }}
),

ranked as (
    select *, row_number() over (partition by subscriber_uuid order by place, extracted_at desc) as mention_rank
    from mentions
)

select
    ranked.subscriber_uuid,
    ranked.email_list_uuid,
    ranked.email,
    ranked.email_domain,
    case
        when ranked.email_domain is null then 'unknown'
        else coalesce(providers.mailbox_provider, 'other')
    end as mailbox_provider,
    ranked.place = 1 as is_listed
from ranked
left join {{ ref('mailbox_providers') }} as providers on providers.domain = ranked.email_domain
where ranked.mention_rank = 1

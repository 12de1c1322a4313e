with moves as (
    select
        email_list_uuid,
        {{ mailcoach.day_of('moved_at') }} as day,
        {{ mailcoach.count_if("move = 'joined'") }} as joined,
        {{ mailcoach.count_if("move = 'left_by_campaign'") }} as left_by_campaign,
        {{ mailcoach.count_if("move = 'left_by_complaint'") }} as left_by_complaint,
        {{ mailcoach.count_if("move = 'left_otherwise'") }} as left_otherwise
    from {{ ref('int_mailcoach__moves') }}
    group by email_list_uuid, {{ mailcoach.day_of('moved_at') }}
),

spans as (
    select
        moves.email_list_uuid,
        min(moves.day) as first_day,
        greatest(max(moves.day), max({{ mailcoach.day_of('as_of.as_of') }})) as last_day
    from moves
    cross join {{ ref('int_mailcoach__as_of') }} as as_of
    group by moves.email_list_uuid
),

-- 22 years of days
numbers as (
    {{ dbt.generate_series(8192) }}
),

days as (
    select
        spans.email_list_uuid,
        spans.last_day,
        cast({{ dbt.dateadd('day', 'cast(numbers.generated_number as integer) - 1', 'spans.first_day') }} as date) as day
    from spans
    cross join numbers
)

select
    {{ dbt.concat(['days.email_list_uuid', "'/'", 'cast(days.day as ' ~ dbt.type_string() ~ ')']) }} as list_day_key,
    days.email_list_uuid,
    days.day,
    email_lists.name as email_list_name,
    {{ mailcoach.whole('moves.joined') }} as joined,
    {{ mailcoach.whole('moves.left_by_campaign') }} as left_by_campaign,
    {{ mailcoach.whole('moves.left_by_complaint') }} as left_by_complaint,
    {{ mailcoach.whole('moves.left_otherwise') }} as left_otherwise,
    cast(sum(
        coalesce(moves.joined, 0) - coalesce(moves.left_by_campaign, 0) - coalesce(moves.left_by_complaint, 0)
        - coalesce(moves.left_otherwise, 0)
    ) over (
        partition by days.email_list_uuid order by days.day rows between unbounded preceding and current row
    ) as {{ dbt.type_bigint() }}) as active
from days
left join moves on moves.email_list_uuid = days.email_list_uuid and moves.day = days.day
left join {{ ref('stg_mailcoach__email_lists') }} as email_lists on email_lists.email_list_uuid = days.email_list_uuid
where days.day <= days.last_day

{#- Two parts of `activities`: the first and the last open of each row of a relation. `others` are the columns after events. -#}
{% macro opened(from, key, others, condition) %}
select
    {{ dbt.concat(["'opened/first/'", key]) }} as activity_key,
    'opened' as activity_type,
    first_opened_at as occurred_at,
    case when last_opened_at > first_opened_at and open_count > 1 then open_count - 1 else open_count end as events,
    {{ others }}
from {{ from }}
where open_count > 0 and {{ condition }}

union all

select
    {{ dbt.concat(["'opened/last/'", key]) }}, 'opened', last_opened_at, 1,
    {{ others }}
from {{ from }}
where last_opened_at > first_opened_at and open_count > 1 and {{ condition }}
{% endmacro %}

{#- One model of staging: the newest version of each row, without tombstones, with the columns that are named.

    `columns` are tuples of (column of the stream, kind, name). Kinds: text, integer, number, fraction (Mailcoach sends
    percent x 100), boolean, time, json_texts and json_length (of a list of texts), domain (of the address in the
    column).

    A stream that is not selected has no table, an older one lacks columns: no row, or null, with the right type.
    Destinations that only append keep each version of a row, so the one that was read last counts. -#}
{% macro stage(stream, key, columns) %}
{%- set table = source('mailcoach', stream) -%}
{%- set found = {} -%}
{%- set relation = load_relation(table) if execute else none -%}
{%- if relation -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do found.update({column.name | lower: column}) -%}
    {%- endfor -%}
{%- endif -%}
{%- set columns = columns + [('_airbyte_extracted_at', 'time', 'extracted_at')] -%}
{%- if not found %}
-- depends on {{ table }}, which is not there
select
    {%- for name, kind, alias in columns %}
    cast(null as {{ mailcoach.type_of(kind) }}) as {{ alias }}{{ ',' if not loop.last }}
    {%- endfor %}
from (select 1 as nothing) as no_table
where 1 = 0
{%- else %}
with versions as (
    select
        {%- for name, kind, alias in columns %}
        {{ mailcoach.staged_column(found, name, kind) }} as {{ alias }},
        {%- endfor %}
        {{ mailcoach.staged_column(found, '_ab_cdc_deleted_at', 'time') }} as deleted_at,
        row_number() over (
            partition by {% for name in key %}{{ adapter.quote(found[name].name) }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ mailcoach.staged_column(found, '_airbyte_extracted_at', 'time') }} desc
        ) as version_rank
    from {{ table }}
)

select
    {%- for name, kind, alias in columns %}
    {{ alias }}{{ ',' if not loop.last }}
    {%- endfor %}
from versions
where version_rank = 1 and deleted_at is null
{%- endif %}
{% endmacro %}

{% macro staged_column(found, name, kind) -%}
{%- if kind == 'domain' -%}
    {%- set given = mailcoach.staged_column(found, 'email_domain', 'text') -%}
    {%- set address = mailcoach.staged_column(found, name, 'text') -%}
    lower(coalesce({{ given }}, nullif({{ dbt.split_part(address, "'@'", 2) }}, '')))
{%- elif name not in found -%}
    cast(null as {{ mailcoach.type_of(kind) }})
{%- else -%}
    {%- set column = adapter.quote(found[name].name) -%}
    {%- if kind == 'time' -%}
        {{ mailcoach.as_time(column, found[name].dtype | lower) }}
    {%- elif kind == 'json_texts' -%}
        {{ mailcoach.json_texts(column) }}
    {%- elif kind == 'json_length' -%}
        cast({{ mailcoach.json_length(column) }} as {{ dbt.type_bigint() }})
    {%- elif kind == 'fraction' -%}
        cast({{ column }} as {{ mailcoach.type_fraction() }}) / 10000
    {%- else -%}
        cast({{ column }} as {{ mailcoach.type_of(kind) }})
    {%- endif -%}
{%- endif -%}
{%- endmacro %}

{% macro type_of(kind) -%}
{{ return({
    'integer': dbt.type_bigint(),
    'json_length': dbt.type_bigint(),
    'number': mailcoach.type_fraction(),
    'fraction': mailcoach.type_fraction(),
    'boolean': dbt.type_boolean(),
    'time': mailcoach.type_time(),
}.get(kind, dbt.type_string())) }}
{%- endmacro %}

{#- Times have a zone everywhere. Days and lengths are those of UTC, whatever zone the session of the database is in. -#}

{% macro type_time() -%}{{ return(adapter.dispatch('type_time', 'mailcoach')()) }}{%- endmacro %}
{% macro default__type_time() -%}timestamp with time zone{%- endmacro %}
{% macro bigquery__type_time() -%}timestamp{%- endmacro %}
{% macro snowflake__type_time() -%}timestamp_tz{%- endmacro %}

{#- A column of the sync as a time. Without a zone it is UTC, as PyAirbyte keeps it. -#}
{% macro as_time(column, stored_as) -%}
{{ return(adapter.dispatch('as_time', 'mailcoach')(column, stored_as)) }}
{%- endmacro %}
{% macro default__as_time(column, stored_as) -%}
{%- if stored_as in ('timestamp', 'timestamp without time zone') -%}
({{ column }} at time zone 'UTC')
{%- else -%}
cast({{ column }} as {{ mailcoach.type_time() }})
{%- endif -%}
{%- endmacro %}
{% macro bigquery__as_time(column, stored_as) -%}cast({{ column }} as timestamp){%- endmacro %}
{% macro snowflake__as_time(column, stored_as) -%}
{%- if stored_as.startswith('timestamp_ntz') -%}
to_timestamp_tz(to_varchar({{ column }}, 'YYYY-MM-DD HH24:MI:SS.FF') || ' +00:00')
{%- else -%}
cast({{ column }} as timestamp_tz)
{%- endif -%}
{%- endmacro %}

{#- The clock in UTC, as a time without a zone. -#}
{% macro utc(time) -%}{{ return(adapter.dispatch('utc', 'mailcoach')(time)) }}{%- endmacro %}
{% macro default__utc(time) -%}({{ time }} at time zone 'UTC'){%- endmacro %}
{% macro bigquery__utc(time) -%}{{ time }}{%- endmacro %}
{% macro snowflake__utc(time) -%}convert_timezone('UTC', {{ time }}){%- endmacro %}

{% macro day_of(time) -%}cast({{ mailcoach.utc(time) }} as date){%- endmacro %}

{% macro hours_between(first, last) -%}
cast({{ dbt.datediff(mailcoach.utc(first), mailcoach.utc(last), 'second') }} as {{ mailcoach.type_fraction() }}) / 3600
{%- endmacro %}

{#- So many days of 24 hours before a time. -#}
{% macro days_before(time, days) -%}{{ return(adapter.dispatch('days_before', 'mailcoach')(time, days)) }}{%- endmacro %}
{% macro default__days_before(time, days) -%}{{ dbt.dateadd('hour', -24 * days, time) }}{%- endmacro %}
{% macro bigquery__days_before(time, days) -%}timestamp_sub({{ time }}, interval {{ 24 * days }} hour){%- endmacro %}

{#- The earlier and the later of two times of which either can be null. -#}
{% macro earlier(one, other) -%}least(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }})){%- endmacro %}
{% macro later(one, other) -%}greatest(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }})){%- endmacro %}

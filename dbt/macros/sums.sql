{#- Sums are whole numbers of one type in each database, and 0 without rows. -#}

{% macro total(expression) -%}
cast(coalesce(sum({{ expression }}), 0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro count_if(condition) -%}{{ mailcoach.total("case when " ~ condition ~ " then 1 else 0 end") }}{%- endmacro %}

{% macro whole(expression) -%}cast(coalesce({{ expression }}, 0) as {{ dbt.type_bigint() }}){%- endmacro %}

{#- A part of a whole as a fraction. Null where the whole is nothing: a rate of zero mails is no rate. -#}
{% macro rate(part, whole) -%}
case when {{ whole }} > 0 then cast({{ part }} as {{ mailcoach.type_fraction() }}) / {{ whole }} end
{%- endmacro %}

{% macro median(expression) -%}{{ return(adapter.dispatch('median', 'mailcoach')(expression)) }}{%- endmacro %}
{% macro default__median(expression) -%}median({{ expression }}){%- endmacro %}
{% macro postgres__median(expression) -%}percentile_cont(0.5) within group (order by {{ expression }}){%- endmacro %}
{% macro bigquery__median(expression) -%}approx_quantiles({{ expression }}, 2)[offset(1)]{%- endmacro %}

{#- Double precision, since what dbt calls a float has seven digits in some databases. -#}
{% macro type_fraction() -%}{{ return(adapter.dispatch('type_fraction', 'mailcoach')()) }}{%- endmacro %}
{% macro default__type_fraction() -%}double precision{%- endmacro %}
{% macro bigquery__type_fraction() -%}float64{%- endmacro %}

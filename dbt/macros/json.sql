{#- A JSON list of texts, as one text with commas. -#}
{% macro json_texts(column) -%}{{ return(adapter.dispatch('json_texts', 'mailcoach')(column)) }}{%- endmacro %}
{% macro duckdb__json_texts(column) -%}
array_to_string(from_json(cast({{ column }} as json), '["VARCHAR"]'), ', ')
{%- endmacro %}
{% macro postgres__json_texts(column) -%}
case when jsonb_typeof(cast({{ column }} as jsonb)) = 'array' then (
            select coalesce(string_agg(element.value, ', ' order by element.place), '')
            from jsonb_array_elements_text(cast({{ column }} as jsonb)) with ordinality as element (value, place)
        ) end
{%- endmacro %}
{% macro bigquery__json_texts(column) -%}array_to_string(json_value_array({{ column }}), ', '){%- endmacro %}
{% macro snowflake__json_texts(column) -%}
array_to_string(to_array({{ column }}), ', ')
{%- endmacro %}

{% macro json_length(column) -%}{{ return(adapter.dispatch('json_length', 'mailcoach')(column)) }}{%- endmacro %}
{% macro duckdb__json_length(column) -%}json_array_length(cast({{ column }} as json)){%- endmacro %}
{% macro postgres__json_length(column) -%}case when jsonb_typeof(cast({{ column }} as jsonb)) = 'array' then jsonb_array_length(cast({{ column }} as jsonb)) end{%- endmacro %}
{% macro bigquery__json_length(column) -%}array_length(json_query_array({{ column }})){%- endmacro %}
{% macro snowflake__json_length(column) -%}array_size(to_array({{ column }})){%- endmacro %}

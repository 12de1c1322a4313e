{#- Parts of an address. Nothing is decoded: a part is as it stands in the address. -#}

{% macro url_host(url) -%}
{%- set rest = mailcoach.after_scheme(url) -%}
lower(nullif({{ dbt.split_part(rest, "'/'", 1) }}, ''))
{%- endmacro %}

{% macro url_path(url) -%}
{%- set rest = mailcoach.after_scheme(url) -%}
{%- set slash = dbt.position("'/'", rest) -%}
case
            when {{ dbt.position("'://'", url) }} = 0 then null
            when {{ slash }} = 0 then '/'
            else substr({{ rest }}, {{ slash }})
        end
{%- endmacro %}

{#- What stands between :// and the query or fragment; empty in an address like mailto:. -#}
{% macro after_scheme(url) -%}
{%- set plain = dbt.split_part(dbt.split_part(url, "'#'", 1), "'?'", 1) -%}
case
            when {{ dbt.position("'://'", url) }} > 0 then substr({{ plain }}, {{ dbt.position("'://'", url) }} + 3)
            else ''
        end
{%- endmacro %}

{% macro url_parameter(url, name) -%}
{%- set query = dbt.replace(dbt.split_part(url, "'#'", 1), "'?'", "'&'") -%}
nullif({{ dbt.split_part(dbt.split_part(query, "'&" ~ name ~ "='", 2), "'&'", 1) }}, '')
{%- endmacro %}

{#- The utm_campaign that Mailcoach gives to links: Laravel's slug of the campaign's name. Letters with accents lose
    them, _ becomes -, @ becomes at, and whatever is neither letter, number, blank nor - goes. Laravel knows more
    alphabets than this: letters that are not Latin are left out here. -#}
{% macro slug(text) -%}
{%- set accented = 'àáâãäåāăąçćĉċčďđèéêëēĕėęěĝğġģĥħìíîïĩīĭįıĵķĺļľłñńņňòóôõöøōŏőŕŗřśŝşšșţťțùúûüũūŭůűųŵýÿŷźżž' -%}
{%- set plain = 'aaaaaaaaacccccddeeeeeeeeegggghhiiiiiiiiijkllllnnnnooooooooorrrssssstttuuuuuuuuuuwyyyzzz' -%}
{%- set ns = namespace(text="lower(" ~ text ~ ")") -%}
{%- for letter, letters in [('ß', 'ss'), ('æ', 'ae'), ('œ', 'oe'), ('þ', 'th'), ('_', '-'), ('@', '-at-')] -%}
    {%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ letter ~ "', '" ~ letters ~ "')" -%}
{%- endfor -%}
{%- set ns.text = "translate(" ~ ns.text ~ ", '" ~ accented ~ "', '" ~ plain ~ "')" -%}
{%- set ns.text = mailcoach.regexp_replace(ns.text, '[^a-z0-9 -]', '') -%}
{%- set ns.text = mailcoach.regexp_replace(ns.text, '[ -]+', '-') -%}
nullif({{ mailcoach.regexp_replace(ns.text, '^-|-$', '') }}, '')
{%- endmacro %}

{#- Replaces each match. -#}
{% macro regexp_replace(text, pattern, replacement) -%}
{{ return(adapter.dispatch('regexp_replace', 'mailcoach')(text, pattern, replacement)) }}
{%- endmacro %}
{% macro default__regexp_replace(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}
{% macro duckdb__regexp_replace(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
{% macro postgres__regexp_replace(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

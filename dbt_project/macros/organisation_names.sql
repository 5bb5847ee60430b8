{#- The letters and digits of a name in capitals: two spellings of one name are equal in it. A leading "The" is dropped. -#}
{% macro name_letters(name) -%}
    regexp_replace(regexp_replace(replace(upper({{ name }}), '&', 'AND'), '[^A-Z0-9]', '', 'g'), '^THE', '')
{%- endmacro %}

{#- A name in capitals and small letters; a name that has small letters already stays as it is. -#}
{% macro readable_name(name) -%}
    case
        when {{ name }} <> upper({{ name }}) then {{ name }}
        else
            {%- set ns = namespace(expression="initcap(" ~ name ~ ")") %}
            {%- for pattern, replacement in [
                ("\\mNhs\\M", "NHS"),
                ("\\mCic\\M", "CIC"),
                ("''S\\M", "''s"),
                ("(?<=.)\\mAnd\\M", "and"),
                ("(?<=.)\\mOf\\M", "of"),
                ("(?<=.)\\mFor\\M", "for"),
                ("(?<=.)\\mOn\\M", "on"),
                ("(?<=.)\\mThe\\M", "the"),
            ] %}
            {%- set ns.expression = "regexp_replace(" ~ ns.expression ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "', 'g')" %}
            {%- endfor %}
            {{ ns.expression }}
    end
{%- endmacro %}

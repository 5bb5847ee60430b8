{{ config(indexes=[
    {'columns': ['org_code', 'indicator_code', 'wres_year']},
    {'columns': ['level', 'indicator_code', 'group_scheme', 'ethnic_group', 'wres_year']}
]) }}

{{ indicator_group_result(ref('int_groups__count'), published=true) }}

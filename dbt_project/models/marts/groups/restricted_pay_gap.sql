{{ config(indexes=[{'columns': ['org_code', 'as_at', 'population']}, {'columns': ['level', 'base_group', 'ethnic_group', 'as_at']}]) }}

{{ pay_gap(published=false) }}

{{ config(indexes=[{'columns': ['org_code', 'as_at', 'slice']}, {'columns': ['level', 'group_scheme', 'ethnic_group', 'as_at']}]) }}

{{ recruitment_funnel(ref('int_groups__funnel_count'), published=false) }}

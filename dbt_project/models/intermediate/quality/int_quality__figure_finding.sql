{{ config(pre_hook="{{ hash_joins() }}") }}

{{ figure_finding(
    ref('restricted_indicator_result'), ref('restricted_indicator_result_vintage'), ref('restricted_indicator_6_harassment_staff')
) }}

{{ config(pre_hook="{{ hash_joins() }}") }}

{{ figure_finding(ref('indicator_result'), ref('indicator_result_vintage'), ref('indicator_6_harassment_staff')) }}

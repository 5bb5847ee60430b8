-- Without any organisation file only the seeds speak, and they speak for the day of their last decision.
select
    coalesce(
        (
            select max(vintage_on)
            from (
                select vintage_on from {{ ref('stg_organisations__trust') }}
                union all
                select vintage_on from {{ ref('stg_organisations__workforce') }}
            ) as vintage
        ),
        (select max(decided_on) from {{ ref('organisation_addition') }})
    ) as as_of

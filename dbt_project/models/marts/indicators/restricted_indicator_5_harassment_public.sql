{{ survey_indicator(
    '5',
    results=ref('restricted_indicator_result'),
    counts=ref('int_indicators__count'),
    published=false
) }}

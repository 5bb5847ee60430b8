{{ survey_indicator(
    '7',
    results=ref('restricted_indicator_result'),
    counts=ref('int_indicators__count'),
    published=false
) }}

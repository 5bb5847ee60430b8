{{ survey_indicator(
    '7',
    results=ref('indicator_result'),
    counts=ref('int_indicators__count_controlled'),
    published=true
) }}

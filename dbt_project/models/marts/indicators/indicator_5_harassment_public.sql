{{ survey_indicator(
    '5',
    results=ref('indicator_result'),
    counts=ref('int_indicators__count_controlled'),
    published=true
) }}

{{ survey_indicator(
    '8',
    results=ref('indicator_result'),
    counts=ref('int_indicators__count_controlled'),
    published=true,
    extras={'ethnic_grounds': 'on_ethnic_grounds'}
) }}

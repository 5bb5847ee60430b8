{{ survey_indicator(
    '8',
    results=ref('restricted_indicator_result'),
    counts=ref('int_indicators__count'),
    published=false,
    extras={'ethnic_grounds': 'on_ethnic_grounds'}
) }}

{{ survey_indicator(
    '6',
    results=ref('indicator_result'),
    counts=ref('int_indicators__count_controlled'),
    published=true,
    extras={'managers': 'managers', 'colleagues': 'colleagues'}
) }}

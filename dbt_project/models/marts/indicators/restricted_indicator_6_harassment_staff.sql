{{ survey_indicator(
    '6',
    results=ref('restricted_indicator_result'),
    counts=ref('int_indicators__count'),
    published=false,
    extras={'managers': 'managers', 'colleagues': 'colleagues'}
) }}

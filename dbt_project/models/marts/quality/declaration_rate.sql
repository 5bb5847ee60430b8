{{ declaration_rate(ref('int_indicators__count_controlled'), published=true) }}

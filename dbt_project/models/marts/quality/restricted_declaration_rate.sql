{{ declaration_rate(ref('int_indicators__count'), published=false) }}

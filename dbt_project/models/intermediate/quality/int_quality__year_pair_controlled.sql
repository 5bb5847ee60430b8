{{ quality_year_pair(ref('int_indicators__count_controlled')) }}

{{ indicator_result(ref('int_indicators__figure_controlled'), published=true) }}

{{ indicator_figure(ref('int_indicators__count_controlled'), controlled=true) }}

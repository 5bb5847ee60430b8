{{ growth_series(ref('int_indicators__figure_controlled')) }}

{{ benchmark(ref('int_indicators__figure_controlled'), ref('indicator_result'), published=true) }}

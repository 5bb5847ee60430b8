{{ benchmark(ref('int_indicators__figure'), ref('restricted_indicator_result'), published=false) }}

{{ data_quality(ref('int_quality__reported_finding'), ref('int_quality__figure_finding'), published=false) }}

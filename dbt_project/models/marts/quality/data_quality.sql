{{ data_quality(ref('int_quality__reported_finding_controlled'), ref('int_quality__figure_finding_controlled'), published=true) }}

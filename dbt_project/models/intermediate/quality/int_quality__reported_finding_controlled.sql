{{ reported_finding(ref('int_quality__year_pair_controlled'), published=true) }}

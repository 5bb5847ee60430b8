{{ indicator_result(ref('int_indicators__figure'), published=false) }}

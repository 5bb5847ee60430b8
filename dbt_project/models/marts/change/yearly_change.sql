{{ yearly_change(ref('int_change__series_controlled'), published=true) }}

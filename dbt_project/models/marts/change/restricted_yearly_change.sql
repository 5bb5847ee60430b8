{{ yearly_change(ref('int_change__series'), published=false) }}

{{ retention(ref('int_movement__area_count'), published=false) }}

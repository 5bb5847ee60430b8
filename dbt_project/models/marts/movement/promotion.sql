{{ promotion(ref('int_movement__area_count_controlled'), published=true) }}

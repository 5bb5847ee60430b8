{{ time_in_band(published=false) }}

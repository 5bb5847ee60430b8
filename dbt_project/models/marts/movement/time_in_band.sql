{{ time_in_band(published=true) }}

{{ submission(published=false) }}

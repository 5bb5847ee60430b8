{{ submission(published=true) }}

"""A run told to readers: numbers in Python, words in templates."""

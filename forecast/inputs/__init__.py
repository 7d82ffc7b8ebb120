"""What every input passes: files read as text, tables checked key by key, and dates, numbers and counts parsed alike.

In: text of files, options, and arguments of the Python functions. Out: values, or an error with file, key, value and
what is expected.
"""

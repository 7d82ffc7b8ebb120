"""The checks of every input: files are read as text, tables are checked key by key, and values have one parser.

In: text of files, options, and arguments of the Python functions. Out: values, or an error with file, key, value and
the expected values.
"""

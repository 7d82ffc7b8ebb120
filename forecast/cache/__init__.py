"""The user's cache: entries stored whole or not at all, and removed when the cache is above its limit of size.

In: what writes the files of an entry. Out: the folders of the entries used last.
"""

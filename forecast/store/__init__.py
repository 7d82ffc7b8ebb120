"""A run's folder: written whole or not at all, opened and checked.

In: tables, texts and a manifest. Out: `Run`.
"""

"""The command `forecast`, one file per command.

In: options and arguments. Out: tables or JSON, and an exit code.
"""

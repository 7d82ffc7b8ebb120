"""The command `forecast`, one file a command.

In: options and arguments. Out: tables or JSON, and an exit code.
"""

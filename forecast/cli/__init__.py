"""The command `forecast`: options in, tables or JSON out, and an exit code."""

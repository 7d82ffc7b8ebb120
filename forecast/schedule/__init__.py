"""Runs that are made without anybody present: jobs by cron expression, an inbox, alerts, and a journal.

In: `schedule.toml`, the time, and the files in an inbox. Out: runs of record, one for each as-of date that was due, and
the folder `.schedule` beside them.
"""

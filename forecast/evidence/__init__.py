"""The record of the war: dated series, events and states, and the view of each as of a date.

In: the CSV and TOML files of a scenario's `evidence/`. Out: `Evidence` and `Chronology`, checked.
"""

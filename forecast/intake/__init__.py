"""Evidence intake: new observations, events and recorded states, written to a scenario in the user's own folder.

In come files of publishers and single figures; out go rows of the CSV files in the scenario's `evidence/`. Rows are
only added, a revision among them, and nothing is written unless the scenario loads with the new rows. The room imports
the scenario that checks the rows, and saved runs for the figures that they predicted.
"""

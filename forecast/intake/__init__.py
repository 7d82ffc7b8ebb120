"""Evidence intake: new observations, events and recorded states, written to a scenario in the user's own folder.

In: publishers' files (maps, releases of aid, tables), single figures, events, recorded states; a scenario's folder.
Out: rows added to the CSV files in its `evidence/`, and a report with the numbers of rows added, revised and unchanged.
It only adds rows, and writes nothing unless the scenario loads with them.
"""

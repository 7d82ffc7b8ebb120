"""The ledger of a move in the odds: why two runs of one scenario differ, cause by cause, to the last digit.

In: two saved runs. Out: for each headline outcome the lines of its move, with errors; the timelines that changed their
ending; sentences for an author. The causes are divided by an Owen value, a Shapley value in groups.
"""

"""One simulated year as dated lines.

In: a saved run and a timeline's number. Out: lines of text, in the words of a template.
"""

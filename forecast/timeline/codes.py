"""The codes that stand for words in states and results, and the parts of a week."""

PARTS = ("front", "moscow", "washington", "hawks", "europe", "kyiv", "talks", "endings")
"""The parts of a week, in order."""

WASHINGTON, HAWKS, EUROPE, KYIV, MOSCOW = range(5)
PARTIES = ("washington", "hawks", "europe", "kyiv", "moscow")
"""The five roles, in the order of every table with a party dimension."""

NONE, CONTACT, TERMS, TEXT, SIGNED = range(5)
RUNGS = ("none", "contact", "terms", "text", "signed")
"""The ladder of talks."""

MEDIATING, PRESSING_KYIV, PRESSING_MOSCOW, WALKED_AWAY = range(4)
POSTURES = ("mediating", "pressing_kyiv", "pressing_moscow", "walked_away")
"""Postures of Washington. It is engaged in all but the last."""

NO_TRUCE, LIMITED, GENERAL = range(3)
TRUCES = ("none", "limited", "general")

INCUMBENT, HARDER, READIER, SPEAKER = range(4)
LEADERS = ("incumbent", "harder successor", "readier successor", "acting (the Speaker)")
"""Who speaks for Kyiv."""

RUNNING, UKRAINE_DEFEATED, RUSSIA_FAILS = range(3)
"""Whether the war has ended on the battlefield."""

BREAKTHROUGH_CAUSE, ALL_GROUND, CAPITULATION, OVERTHROW, SUPPLY, CRASH, MUTINY, DEATH = range(8)
CAUSES = (
    "collapse_after_breakthrough",
    "all_ground_lost",
    "capitulation",
    "overthrow_under_force",
    "collapse_of_supply",
    "economic_crash",
    "mutiny_or_coup",
    "leaders_death",
)
"""Causes of an end on the battlefield: those of Kyiv's defeat, then those of the failure of Moscow's war."""

DEFEAT_CAUSES = CAUSES[:CRASH]
"""The causes of Kyiv's defeat."""

LEVELS = ("capital", "attention", "hawks", "obstruction", "instability", "strain", "adequacy", "advance")
"""The levels that a timeline's row remembers."""

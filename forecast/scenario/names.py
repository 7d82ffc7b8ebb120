"""Names of entries that are no more, and what stands in their place."""

from collections.abc import Iterable

from forecast.inputs.validation import near

RENAMED = {
    "endings.owner_trump": "endings.owner_president",
    "front.kursk_start": "front.pocket_start",
    "front.kursk_loss": "front.pocket_loss",
    "front.kursk_noise": "front.pocket_noise",
    "moscow.kursk_cost": "moscow.pocket_cost",
}
"""Entries that have another name now, by their old name."""

REPLACED = {
    "kyiv.worth_adequacy": "kyiv.sees_break",
    "kyiv.worth_ground": "kyiv.worth_loss",
    "kyiv.worth_thrust": "kyiv.sees_break",
    "moscow.cheating": "moscow.rearmament",
    "moscow.worth_advance": "moscow.worth_gain",
    "moscow.worth_break": "moscow.sees_break",
    "moscow.worth_pressed": "washington.arms_raised",
}
"""Entries whose part another entry has now, by their name."""


def near_entry(name: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """Say the present name of an entry that is renamed or replaced, else ask whether a known one was meant.

    Args:
        name: the name of an entry, or that followed by a field.
        known: the names there are.
        otherwise: the answer if no name is like it.
    """
    entry = ".".join(name.split(".")[:2])
    if entry in RENAMED:
        return f"It is called {RENAMED[entry]} now"
    if entry in REPLACED:
        return f"It is gone; {REPLACED[entry]} has its part now"
    return near(name, known, otherwise)

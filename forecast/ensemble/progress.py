"""Progress of the work, reported through a function that takes a phrase for each step; quick to import."""


def silent(_: str) -> None:
    """Report no progress."""

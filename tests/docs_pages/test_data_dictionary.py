"""The page on the table of timelines is that of the code."""

from places import REPOSITORY

from forecast.docs_pages.data_dictionary import dictionary


def test_the_data_dictionary_is_up_to_date() -> None:
    kept = (REPOSITORY / "docs" / "timelines.md").read_text(encoding="utf-8")
    assert kept == dictionary(), "python -m forecast.docs_pages.data_dictionary > docs/timelines.md"

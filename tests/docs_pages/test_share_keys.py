"""The table of shares in `runs/README.md` is that of the code."""

from places import REPOSITORY

from forecast.docs_pages.share_keys import with_share_keys


def test_the_table_of_shares_is_that_of_the_code() -> None:
    text = (REPOSITORY / "runs" / "README.md").read_text(encoding="utf-8")
    assert with_share_keys(text) == text, "python -m forecast.docs_pages.share_keys"


def test_another_table_is_noticed() -> None:
    text = (REPOSITORY / "runs" / "README.md").read_text(encoding="utf-8")
    changed = text.replace("| `beside.breakthrough` | A breakthrough", "| `beside.breakthrough` | Breakthroughs")
    assert changed != text
    assert with_share_keys(changed) == text

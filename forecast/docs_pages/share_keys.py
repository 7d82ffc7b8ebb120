"""The table of shares in runs/README.md, from `outcomes.shares`: `python -m forecast.docs_pages.share_keys`."""

from pathlib import Path

from forecast.outcomes.shares import SHARES, group_title, label

PAGE = Path("runs/README.md")
BEGIN, END = "<!-- shares -->\n", "<!-- /shares -->"
"""Where the table begins and ends."""


def share_keys() -> str:
    """The table: the key of each share in `summary.json`, what it is, and its group."""
    rows = [
        f"| `{share.group}.{share.name}` | {label(share.group, share.name)} | {group_title(share.group)} |"
        for share in SHARES
    ]
    return "\n".join(["| key | what | group |", "|---|---|---|", *rows]) + "\n"


def with_share_keys(text: str) -> str:
    """The page with its table made again."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{share_keys()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(with_share_keys(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")

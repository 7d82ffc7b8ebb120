"""Text from files and options on its way to a reader: nothing in it acts, it is only read.

There is a function for each edge: `visible` for lines on a terminal, `one_line` for errors and warnings, `markdown` for
reports and pages, `csv_cell` for tables that a spreadsheet may open.
"""

import re
import unicodedata
from urllib.parse import quote

INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of characters that steer a terminal or reorder text, and of bytes that are not UTF-8."""

JOINERS = "\u200c\u200d\u00ad"
"""Invisible characters that belong to words of some languages."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which a spreadsheet takes a cell for a formula."""

LONGEST_WORD = 300
"""Longest word in one line, characters."""

_ENTITIES = {"<": "&lt;", ">": "&gt;"}
_ACTIVE = re.compile(r"[\\`*\[\]<>|$~]|(?<!\w)_|_(?!\w)|(?<=:)/(?=/)|(?<=\bwww)\.|(?<=\w)@(?=\w)", re.IGNORECASE)
_NOT_IN_URL = re.compile(r"[^A-Za-z0-9._~:/?#@!$&'()+,;=%-]")
_OPENING = re.compile(r"(#{1,6}|[-+])(\s|$)|=+$|-{3,}$")
_NUMBERED = re.compile(r"(\d+)([.)])(?=\s|$)")


def visible(text: str) -> str:
    """Text for a terminal: each control character as a visible escape; tabs and ends of lines stay."""
    if text.isprintable():  # then no character is in `INVISIBLE`
        return text
    return "".join(_shown(character) for character in text)


def one_line(text: str, most: int = 2000) -> str:
    """Text for an error or a warning: on one line, without control characters, not longer than `most`.

    A single word that fills a line, such as a path, is shortened first.
    """
    line = visible(" ".join(without_middle(word, LONGEST_WORD) for word in text.split()))
    return line if len(line) <= most else f"{line[: most - 3]}..."


def without_middle(text: str, most: int = 160) -> str:
    """A name or a path for an error: if it is too long, its beginning and its end."""
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def markdown(text: str) -> str:
    """Text for Markdown: on one line, without markup, links, HTML or control characters."""
    line = _ACTIVE.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), visible(" ".join(text.split())))
    if _NUMBERED.match(line):
        return _NUMBERED.sub(r"\1\\\2", line, count=1)
    return f"\\{line}" if _OPENING.match(line) else line


def markdown_url(url: str) -> str:
    """An address for Markdown: characters that could end it or act are percent-encoded."""
    return _NOT_IN_URL.sub(lambda found: quote(found[0], safe="", errors="surrogateescape"), url.strip())


def csv_cell(text: str) -> str:
    """Text for a cell of a CSV file: with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _shown(character: str) -> str:
    if character in "\n\t" or character in JOINERS or unicodedata.category(character) not in INVISIBLE:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

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

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters by which a spreadsheet takes a cell for a formula; the last four are the wide forms of the first."""

_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Characters that are blank and no space by their category: fillers of some scripts, the empty Braille cell."""

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


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula: spaces and invisible characters before it are skipped."""
    return text.startswith(FORMULA) or _begin(text).startswith(FORMULA)


def _begin(text: str) -> str:
    """A text from its first character that is neither a space of any kind nor invisible."""
    return next((text[k:] for k, c in enumerate(text) if not (c.isspace() or _is_hidden(c))), "")


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in INVISIBLE or character in _BLANKS


def csv_cell(text: str) -> str:
    """Text for a cell of a CSV file: with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if is_formula(text) else text


def _shown(character: str) -> str:
    if character in "\n\t" or character in JOINERS or unicodedata.category(character) not in INVISIBLE:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

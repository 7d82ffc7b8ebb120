"""Damage to the files of a scenario, for tests of what is refused."""

import re
from pathlib import Path


def swap(folder: Path, file: str, old: str, new: str, *, after: str = "", every: bool = False) -> None:
    """Replace text of a file: the first after the line `after`, or each; it must be there."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(f"{after}\n") if after else ("", "", text)
    assert old in rest, f"{file} has no {old!r} after {after!r}"
    write(path, before + found + rest.replace(old, new, -1 if every else 1))


def cut(folder: Path, file: str, header: str) -> None:
    """Take a table out, up to the next one."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    less = re.sub(rf"(?m)^{re.escape(header)}\n(?:[^\[\n].*\n|\n)*", "", text, count=1)
    assert less != text, f"{file} has no {header}"
    write(path, less)


def copy(folder: Path, file: str, table: str, times: int) -> None:
    """Copy the lines of a table, all its inner tables included, under new ids."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    kind, _, name = table.partition(".")
    own = re.compile(rf"\[+{kind}\.{name}[.\]]")
    keep, copied = False, []
    for line in text.splitlines():
        if line.startswith("["):
            keep = own.match(line) is not None
        if keep:
            copied.append(line)
    assert copied, f"{file} has no {table}"
    body = "\n".join(copied)
    write(path, "\n".join([text, *(body.replace(table, f"{kind}.more{n}") for n in range(times))]))


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file with the line ends as given."""
    path.write_text(text, encoding=encoding, newline="\n")


def contents(folder: Path) -> dict[str, bytes]:
    """Give every file of a folder, as bytes."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

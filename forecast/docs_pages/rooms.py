"""The map of the code: the packages, what flows between them, and which may import which.

Made from the import contract in `pyproject.toml` and from the docstring of each package, so that it cannot go stale::

    python -m forecast.docs_pages.rooms
"""

import ast
import tomllib
from dataclasses import dataclass
from textwrap import wrap
from typing import Any
from xml.sax.saxutils import escape

from forecast.locations import ROOT

DESIGN = "docs/design.md"
FIGURE = "docs/rooms.svg"
BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"
"""Where the page on the design has the map."""

WIDTH, GAP, MARGIN, LINE, CHARACTER = 1080, 16, 12, 16, 6.4
"""Pixels: of the figure, between boxes, at its edge, of a line, and of a character."""


@dataclass(frozen=True)
class Room:
    """A package or module at the top of `forecast`.

    Attributes:
        name: its name.
        purpose: what it is, the first line of its docstring.
        takes: what comes in; empty for a module.
        gives: what goes out; empty for a module.
    """

    name: str
    purpose: str
    takes: str
    gives: str


def layers() -> list[list[str]]:
    """The packages by layer, top first: each may import only what lies below it; one in brackets is not built."""
    project: dict[str, Any] = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = (entry for entry in contracts if entry["type"] == "layers")
    named = [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]
    built = [[name for name in layer if not name.startswith("(")] for layer in named]
    return [layer for layer in built if layer]


def room(name: str) -> Room:
    """A package or module as its docstring describes it.

    Raises:
        ValueError: the docstring of a package does not say what comes in and what goes out.
    """
    package = ROOT / name / "__init__.py"
    file = package if package.is_file() else ROOT / f"{name}.py"
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    purpose, _, rest = text.partition("\n\n")
    if file != package:
        return Room(name, _line(purpose), "", "")
    flow = _line(rest)
    takes, out, gives = flow.partition(" Out: ")
    if not (takes.startswith("In: ") and out):
        raise ValueError(f"{file}: the docstring lacks `In: ... Out: ...`")
    return Room(name, _line(purpose), takes.removeprefix("In: "), gives.partition(". It ")[0].rstrip("."))


def _line(text: str) -> str:
    return " ".join(text.split())


def figure() -> str:
    """The map as SVG: a row of boxes for each layer, top first."""
    parts: list[str] = []
    y = MARGIN
    for names in layers():
        width = (WIDTH - 2 * MARGIN - GAP * (len(names) - 1)) / len(names)
        boxes = [_text(room(name), width) for name in names]
        height = LINE * max(len(lines) for lines in boxes) + 14
        for k, lines in enumerate(boxes):
            x = MARGIN + k * (width + GAP)
            parts.append(f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{height}" rx="4" class="box"/>')
            for row, (style, line) in enumerate(lines):
                baseline = y + 18 + LINE * row
                parts.append(f'<text x="{x + 10:g}" y="{baseline}" class="{style}">{escape(line)}</text>')
        y += height + GAP
    style = (
        "text{font:12px system-ui,sans-serif;fill:#222}.name{font-weight:600;font-size:14px}"
        ".flow{fill:#555}.box{fill:#f6f7f9;stroke:#9aa4b1}"
    )
    title = "The packages of the code, top first: each may import only from packages below it"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n"
        f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _text(found: Room, width: float) -> list[tuple[str, str]]:
    """The lines of a box with their style."""
    most = int((width - 20) / CHARACTER)
    lines = [("name", found.name), *(("purpose", line) for line in wrap(found.purpose, most))]
    for label, flow in (("in", found.takes), ("out", found.gives)):
        lines += [("flow", line) for line in wrap(f"{label}: {flow}", most)] if flow else []
    return lines


def table() -> str:
    """The map as a table in Markdown."""
    rows = ["| package | what it is | in | out |", "|---|---|---|---|"]
    for names in layers():
        for found in map(room, names):
            kind = "" if found.takes else ".py"
            rows.append(f"| `forecast/{found.name}{kind}` | {found.purpose} | {found.takes} | {found.gives} |")
    return "\n".join(rows) + "\n"


def page(text: str) -> str:
    """The page on the design with the map as the code has it now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n![The packages of the code](rooms.svg)\n\n{table()}{END}{after}"


def main() -> None:
    """Write the figure and the table."""
    design = ROOT.parent / DESIGN
    design.write_text(page(design.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    (ROOT.parent / FIGURE).write_text(figure(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

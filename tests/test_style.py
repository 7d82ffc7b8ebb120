"""Plain English in docstrings, messages, templates and documentation: the phrases that docs/glossary.md replaces.

Run as a script, this prints the findings below some paths, then their number for each prefix of the allowance:
`python tests/test_style.py forecast/belief README.md`.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from places import REPOSITORY

GENERATED = ("coding", "perspectives", "premises", "priors", "timelines")
"""Pages of docs/ that are made from templates, which are checked, and from the words of the priors, which are not."""

STREAMS = ("decision", "luck", "stratified", "generator")
"""Functions whose strings name random streams: the names stay, since the numbers follow from them."""


@dataclass(frozen=True)
class Rule:
    """A phrase to avoid.

    Attributes:
        name: of the rule.
        pattern: matches within one sentence, its spaces made single.
        instead: what to write.
        bad: a sentence that must be found.
        good: a sentence that must not.
    """

    name: str
    pattern: re.Pattern[str]
    instead: str
    bad: str
    good: str


def rule(name: str, pattern: str, instead: str, bad: str, good: str, flags: int = re.IGNORECASE) -> Rule:
    return Rule(name, re.compile(pattern, flags), instead, bad, good)


RULES = (
    rule("if we knew", r"\bif (we|one) knew\b", "the 90% range", "If we knew more", "The 90% range is 1 to 26%."),
    rule(
        "as good as",
        r"\bas good as\b",
        "effective sample size",
        "They are as good as 65 equal ones.",
        "The effective sample size is 65.",
    ),
    rule("the like", r"\bthe like\b", "name the thing", "It would measure the like.", "Ports, roads and bridges."),
    rule(
        "by itself",
        r"\bby (itself|themselves)\b",
        "separately, alone",
        "Each share is rounded by itself.",
        "Shares are rounded separately.",
    ),
    rule("anew", r"\banew\b", "again; per timeline", "It is drawn anew.", "It is drawn in each timeline."),
    rule(
        "so many-eth",
        r"\bmanieth\b|\bso many\b(?! (that|as)\b)",
        "every k-th",
        "Every so manieth draw is kept.",
        "Every k-th draw is kept.",
    ),
    rule("luck", r"\bluck\b", "random numbers, chance", "The luck of the past.", "Other random numbers are used."),
    rule(
        "foresee",
        r"\bfores(ee|ees|eeing|aw|een)\b",
        "predict, forecast",
        "How well each foresaw it.",
        "How well each member predicted it.",
    ),
    rule(
        "tell",
        r"\b(tell|tells|told|telling)\b(?! ((\w+ ){0,3}(apart|from)|the time)\b)",
        "report, show, describe",
        "It is told in the log.",
        "It is written to the log; the two are hard to tell apart.",
    ),
    rule(
        "mend",
        r"\bmend(s|ed|ing)?\b",
        "fix, repair, correct",
        "The file was mended a week later.",
        "The file was corrected; we recommend it.",
    ),
    rule(
        "weigh",
        r"\bweigh(s|ed|ing)?\b",
        "has a weight of, is weighted by",
        "A move is weighed by its rate.",
        "A move is weighted by its rate.",
    ),
    rule(
        "hold for fix",
        r"\b(held|holds?|holding)( \S+){0,2}? (at (a|its|one|the) (\S+ )?(value|\d+th)|low|high)\b|\bheld parameter",
        "fix, fixed",
        "Parameters held at a value.",
        "Parameters are fixed at a value; a truce held for weeks.",
    ),
    rule(
        "what is",
        r"\bwhat (is|are|was|were)\b(?!.*\?$)",
        "a noun: observations, uncertainty, ...",
        "The interval of what is not known.",
        "What is the question?",
    ),
    rule(
        "begins with Of, Whose or What",
        r"^(Of|Whose)\b(?! course)(?!.*\?$)|^What\b.*[.:;]$",
        "subject first, verb second",
        "Of a pool there is a column.",
        "A pool adds a column. What does it add?",
        0,
    ),
    rule(
        "chain of relative clauses",
        r"\bwhose\b[^.;:]*\b(that|which)\b|\bof which\b[^.;:]*\b(that|which|whose)\b|\bwhich\b[^.;:]*\bwhose\b",
        "two sentences",
        "A member whose answer is one that the pool needs.",
        "A member whose weight is zero has no effect.",
    ),
    rule(
        "negation in the noun",
        r"(?<!there )\b(is|are|was|were) no (?!(longer|more|less|one)\b)\w",
        "is not a ...",
        "'May' is no date",
        "There is no date; 'May' is not a date.",
    ),
    rule(
        "having learnt",
        r"\bhaving learnt\b|\b(measure|measured) again\b|\bwould (have measured|measure)\b",
        "fitted model, replicate",
        "The model, having learnt, would have measured it.",
        "The fitted model replicates it.",
    ),
    rule(
        "inverted condition",
        r"^(Should|Were|Had) (?!.*\?$)",
        "If ...",
        "Should it be a good one, it is made once more.",
        "If it is good, it is kept.",
        0,
    ),
    rule(
        "some for about",
        r"\bsome (\d|(two|three|four|ten|twenty|thirty|forty|fifty|hundreds?|thousands?)\b)",
        "about",
        "It costs some thirty seconds.",
        "It costs about thirty seconds.",
    ),
    rule(
        "old word",
        r"\b(thrice|oftener|whence|thereof|therein|wherein|lest|betwixt|seldom)\b",
        "a word of today",
        "Sanctions lapse oftener.",
        "Sanctions lapse more often.",
    ),
)

NAMES = rule(
    "name",
    r"(^|_)(anew|told|tells?|telling|mend|mended|luck|fores(ee|een|aw)|weigh|weighs|weighed)(_|$)",
    "the standard term",
    "drawn_anew",
    "drawn_again",
)
"""Words to avoid in names of functions, classes, arguments, variables and attributes."""

ALLOWED: dict[str, int] = {
    "forecast/replay/prequential.py": 1,  # the name of a random stream
}
"""Findings that a path still has, by prefix; the longest prefix of a file counts it. Only ever lowered."""


@dataclass(frozen=True)
class Finding:
    """A sentence that a rule finds, and where."""

    path: str
    line: int
    rule: Rule
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule.name} (write: {self.rule.instead}): {self.sentence[:160]}"


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Give each sentence with the line of its paragraph, counted from 0; code in backticks becomes `X`."""
    start, lines = 0, []
    for number, line in enumerate([*text.splitlines(), ""]):
        begins = re.match(r"\s*([-*|#>]|\d+\. |[\w.`*]+( \([^)]*\))?:( |$))", line)
        if not line.strip() or begins:
            paragraph = re.sub(r"``?[^`]+``?", "X", re.sub(r"\s+", " ", " ".join(lines))).strip()
            yield from ((start, part.strip(" -*|#>")) for part in re.split(r"(?<=[.!?;|])\s+", paragraph) if part)
            start, lines = number, []
        lines.append(re.sub(r"^\s*[\w.`*]+( \([^)]*\))?: ", "", line) if begins else line)


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give docstrings and messages with their lines: strings of several words that are not names of streams."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in STREAMS:
            skipped |= {id(inner) for argument in node.args for inner in ast.walk(argument)}
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            skipped |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the names that a module defines, in snake case, each with its first line."""
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                pass
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                pass
            case _:
                continue
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
        found[snake] = min(found.get(snake, node.lineno), node.lineno)
    return ((line, name) for name, line in found.items())


def template_text(text: str) -> str:
    """Give the prose of a Jinja template: its own, and the strings of several words in its tags."""

    def prose(tag: re.Match[str]) -> str:
        quoted = [found for pair in re.findall(r'"([^"]*)"|\'([^\']*)\'', tag[0]) for found in pair if " " in found]
        kept = " ".join(quoted) or ("X" if tag[0].startswith("{{") else "")
        return kept + "\n" * (tag[0].count("\n") - kept.count("\n"))

    return re.sub(r"\{[{%#].*?[}%#]\}", prose, text, flags=re.DOTALL)


def markdown_text(text: str) -> str:
    """Give the prose of a page: without code blocks, generated tables and the targets of links."""

    def blank(block: re.Match[str]) -> str:
        return "\n" * block[0].count("\n")

    text = re.sub(r"```.*?```|<!-- odds -->.*?<!-- /odds -->", blank, text, flags=re.DOTALL)
    return re.sub(r"\]\([^)]*\)", "]", text)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Give the texts of a file, each with its first line."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from strings(ast.parse(content))
    else:
        yield 1, template_text(content) if path.suffix == ".j2" else markdown_text(content)


def found_in(text: str) -> list[tuple[int, Rule, str]]:
    """Find what the rules say of a text: the line, counted from 0, the rule and the sentence."""
    return [
        (line, each, sentence) for line, sentence in sentences(text) for each in RULES if each.pattern.search(sentence)
    ]


def checked_files() -> list[Path]:
    """Give all files whose words are checked. The glossary quotes what it replaces, and the log of changes is past."""
    pages = [path for path in (REPOSITORY / "docs").glob("*.md") if path.stem not in (*GENERATED, "glossary")]
    sources = [path for kind in ("*.py", "*.j2") for path in (REPOSITORY / "forecast").rglob(kind)]
    return sorted([REPOSITORY / "README.md", *pages, *sources])


def findings() -> list[Finding]:
    """Give the findings in all files, in the order of files."""
    found = []
    for path in checked_files():
        place = path.relative_to(REPOSITORY).as_posix()
        for start, text in texts(path):
            found += [Finding(place, start + line, each, sentence) for line, each, sentence in found_in(text)]
        if path.suffix == ".py":
            defined = names(ast.parse(path.read_text(encoding="utf-8")))
            found += [Finding(place, line, NAMES, name) for line, name in defined if NAMES.pattern.search(name)]
    return found


def prefix_of(path: str) -> str:
    """Give the longest prefix of the allowance that a path begins with, else the path."""
    return max((prefix for prefix in ALLOWED if path.startswith(prefix)), key=len, default=path)


def test_the_words_are_those_of_the_glossary():
    found = findings()
    counts = Counter(prefix_of(finding.path) for finding in found)
    wrong = {
        prefix: f"{counts[prefix]} found, {ALLOWED.get(prefix, 0)} allowed"
        for prefix in sorted({*counts, *ALLOWED})
        if counts[prefix] != ALLOWED.get(prefix, 0)
    }
    more = [
        str(finding) for finding in found if counts[prefix_of(finding.path)] > ALLOWED.get(prefix_of(finding.path), 0)
    ]
    assert not wrong, "\n".join([f"{wrong}; fewer: lower ALLOWED; more: see docs/glossary.md", *more])


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.name)
def test_a_rule_finds_its_bad_sentence_and_passes_its_good_one(each):
    assert each.name in [found.name for _, found, _ in found_in(each.bad)]
    assert found_in(each.good) == []


def test_names_are_searched_where_they_are_defined():
    tree = ast.parse(
        "class LuckRecord:\n    def tell(self, mend):\n"
        "        self.told = anew = told_by(mend)\n        a.luck(foreseen)\n"
    )
    found = {name: line for line, name in names(tree) if NAMES.pattern.search(name)}
    assert found == {"Luck_Record": 1, "tell": 2, "mend": 2, "told": 3, "anew": 3}
    assert not NAMES.pattern.search("amended_telltale_pluck")


def test_all_kinds_of_text_are_searched(tmp_path):
    bad = "It is drawn anew."
    source = tmp_path / "part.py"
    source.write_text(
        f'"""{bad}"""\nX = 1\n"""{bad}"""\n'
        'def f(x):\n    """Good.\n\n    Args:\n        x: drawn\n            anew.\n    """\n'
        f'    raise ValueError(f"{{x}}: {bad}")\nluck(1, "drawn anew")  # drawn anew\n',
        encoding="utf-8",
    )
    page, template = tmp_path / "page.md", tmp_path / "page.j2"
    page.write_text(f"# Page\n\n- {bad}\n\n```\n{bad}\n```\n\nUse `draw anew`, [this](anew.md).\n", encoding="utf-8")
    template.write_text(f"{{% if new %}}Drawn\nanew{{% endif %}} {{{{ '{bad}' if x else anew }}}}\n", encoding="utf-8")
    lines = {
        path.name: sorted(start + line for start, text in texts(path) for line, *_ in found_in(text))
        for path in (source, page, template)
    }
    assert lines == {"part.py": [1, 3, 8, 11], "page.md": [3], "page.j2": [1]}


def test_glossary_is_sorted_and_names_files_that_exist():
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|.*\| (.*?) \| .*\|$", (REPOSITORY / "docs/glossary.md").read_text(), re.M)
    terms = [term for term, _ in rows]
    assert len(terms) >= 30
    words = [term for term in terms if term[0].isalpha()]
    assert words == sorted(words, key=str.casefold)
    files = [name for _, where in rows for name in re.findall(r"`([\w/.-]+(?:/|\.py))`", where)]
    assert files
    for name in files:
        assert (REPOSITORY / "forecast" / name).exists() or (REPOSITORY / name).exists(), name


if __name__ == "__main__":
    below = [finding for finding in findings() if finding.path.startswith(tuple(sys.argv[1:] or [""]))]
    print(*below, *sorted(Counter(prefix_of(finding.path) for finding in below).items()), sep="\n")

"""docs/where_do_i.md: each path, module and name that it gives exists, and each command can be run.

Paths and modules that the other written pages give exist too.
"""

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from places import DOCS, REPOSITORY

from forecast.cli.app import app

PAGE = DOCS / "where_do_i.md"
HEADINGS = 17
"""The short answers and the sixteen changes."""

WORDS = {"--set", "--fix", "--json", "summary.json", "states.csv", "events.csv", "report.md"}
"""What stands in backticks and is none of the repository's names."""


def in_backticks(text: str) -> list[str]:
    """The texts in backticks."""
    return re.findall(r"`([^`]+)`", text)


def is_path(name: str) -> bool:
    """Whether a text in backticks is a path."""
    return re.fullmatch(r"[\w<>.-]+(/[\w<>.-]*)+|\w+\.md", name) is not None and name not in WORDS


def missing_path(name: str) -> bool:
    """Whether there is no such path; a part in `<...>` is a name to be chosen, in a folder that exists."""
    path = REPOSITORY / name
    return not (path.parent if "<" in path.name else path).exists()


def missing_name(name: str) -> bool:
    """Whether there is no such module, or it lacks the name."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return True
            found = getattr(found, part)
        return False
    return True


def missing_command(text: str) -> bool:
    """Whether a command is not one of the program, names a module or a test that is not there, or is unknown."""
    words = shlex.split(text)
    if words[0] == "forecast":
        names = {command.callback.__name__ for command in app.registered_commands if command.callback}
        groups = {group.name for group in app.registered_groups}
        return words[1] not in {*names, *groups, "--help"}
    if words[:2] == ["python", "-m"] and words[2] != "pytest":
        return missing_name(words[2])
    if words[:3] != ["python", "-m", "pytest"]:
        return words != ["lint-imports"]
    if not (REPOSITORY / words[3]).is_file():
        return True
    names = re.findall(r"def (test_\w+)", (REPOSITORY / words[3]).read_text(encoding="utf-8"))
    return words[4:5] == ["-k"] and not any(words[5] in name for name in names)


def is_command(text: str) -> bool:
    """Whether a text in backticks is a command."""
    return text.startswith(("forecast ", "python ")) or text == "lint-imports"


def missing_here(name: str, files: list[Path]) -> bool:
    """Whether a name does not stand as a word in any of these files."""
    bare = name.removesuffix("(...)").partition("<")[0].removeprefix("@")
    word = re.compile(rf"(?<!\w){re.escape(bare)}" + r"(?!\w)" * bare[-1].isalnum())
    return not any(word.search(file.read_text(encoding="utf-8")) for file in files if file.is_file())


def strays(text: str) -> Iterator[str]:
    """Give what the page names and the repository lacks; other names must stand in a file that their line names."""
    for paragraph in re.split(r"\n\n|\n(?=\|)", text):
        names = [" ".join(name.split()) for name in in_backticks(paragraph)]
        paths = [REPOSITORY / name for name in names if is_path(name)]
        files = [file for path in paths for file in (sorted(path.glob("*")) if path.is_dir() else [path])]
        files += [source_of(name) for name in names if name.startswith("forecast.") and not missing_name(name)]
        for name in names:
            if name in WORDS or re.fullmatch(r"[\w.]*<\w+>[\w.<>]*", name):
                continue
            if is_command(name):
                wrong = missing_command(name)
            elif is_path(name):
                wrong = missing_path(name)
            elif name.startswith("forecast."):
                wrong = missing_name(name)
            else:
                wrong = bool(files) and missing_here(name, files)
            if wrong:
                yield name


def source_of(name: str) -> Path:
    """The file of the longest part of a dotted name that is a module."""
    parts = name.split(".")
    places = (REPOSITORY / ("/".join(parts[:cut]) + ".py") for cut in range(len(parts), 0, -1))
    return next((place for place in places if place.is_file()), REPOSITORY / "forecast" / "__init__.py")


def test_all_that_the_page_names_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(re.findall(r"^## ", text, re.M)) == HEADINGS
    assert len(in_backticks(text)) > 150
    assert list(strays(text)) == []


@pytest.mark.parametrize("page", ["docs/design.md", "docs/new_driver.md", "README.md"])
def test_paths_and_modules_of_other_pages_exist(page: str) -> None:
    names = in_backticks((REPOSITORY / page).read_text(encoding="utf-8"))
    paths = [name for name in names if re.match(r"(forecast|tests|priors|docs|benchmarks)/", name)]
    modules = [name for name in names if re.match(r"forecast\.\w", name)]
    commands = [name for name in names if is_command(name) and not name.startswith("python benchmarks")]
    assert [*filter(missing_path, paths), *filter(missing_name, modules), *filter(missing_command, commands)] == []


def test_links_lead_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.removeprefix("#") in anchors if target.startswith("#") else (DOCS / target).is_file(), target


@pytest.mark.parametrize(
    "made_up",
    [
        "`forecast/timeline/weather.py`",
        "`nowhere/<format>.py`",
        "`forecast.timeline.front.weather_rate`",
        "`forecast.weather`",
        "`forecast/timeline/front.py` has `weather_rate`.",
        "`priors/ukraine-2025/front.toml` has `[weather]`.",
        "`forecast.timeline.front.breakthrough_rate` calls `weather`.",
        "`forecast rain`",
        "`python -m forecast.rain`",
        "`python -m pytest tests/timeline/test_rain.py`",
        "`python -m pytest tests/timeline/test_front.py -k rain`",
    ],
)
def test_a_made_up_name_is_found(made_up: str) -> None:
    assert len(list(strays(made_up))) == 1

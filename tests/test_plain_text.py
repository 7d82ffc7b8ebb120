"""Text from files is read and does nothing: on a terminal, in errors, in Markdown and in CSV."""

import pytest
from rich.text import Text

from forecast.cli.terminal import PlainConsole
from forecast.plain_text import csv_cell, is_formula, markdown, markdown_url, one_line, visible, without_middle


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("a\x00b\x08\r", r"a\x00b\x08\x0d"),
        ("a\u202eb\u2066\u200f\u2028", r"a\u202eb\u2066\u200f\u2028"),
        ("Pr\udce9visions", r"Pr\xe9visions"),
        ("tab\tline\n", "tab\tline\n"),
        ("Åland 战争 ↔ 👩‍🚀", "Åland 战争 ↔ 👩‍🚀"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_characters_that_steer_are_seen(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown
    assert one_line(text).isprintable() or "\u200d" in text


def test_an_error_is_one_line_of_limited_length() -> None:
    assert one_line("a\n\n b\t c\r\nd") == "a b c d"
    assert one_line("x " * 5000) == "x " * 998 + "x..."
    assert one_line("a: " + "n" * 5000) == "a: " + "n" * 148 + "..." + "n" * 148
    assert without_middle("a" * 100 + "b" * 5000) == "a" * 78 + "..." + "b" * 78
    assert without_middle("short") == "short"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[a](javascript:b) ![i](https://x)", r"\[a\](javascript:b) !\[i\](https:\//x)"),
        ("see http://x.org, www.x.org or a@x.org", r"see http:\//x.org, www\.x.org or a\@x.org"),
        (r"\[a](b)", r"\\\[a\](b)"),
        ("a | b", r"a \| b"),
        ("**bold** _slanted_ `code` ~~out~~ $x$", r"\*\*bold\*\* \_slanted\_ \`code\` \~\~out\~\~ \$x\$"),
        ("capital_half_life R&D", "capital_half_life R&D"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("3) item", r"3\) item"),
        ("===", r"\==="),
        ("---", r"\---"),
        ("-900 to 1.5", "-900 to 1.5"),
        ("a\n\n# b", "a # b"),
        ("\x1b[31m", r"\\x1b\[31m"),
    ],
)
def test_markup_does_not_act(text: str, safe: str) -> None:
    assert markdown(text) == safe


def test_an_address_cannot_leave_its_link() -> None:
    assert markdown_url("https://x.org/~a/b_c?d=1&e=%20#f") == "https://x.org/~a/b_c?d=1&e=%20#f"
    assert markdown_url(" https://x/a b|<s>`[\x1b ") == "https://x/a%20b%7C%3Cs%3E%60%5B%1B"


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1+2", "@sum", "\t=1", "\r=1", "\uff1dcmd()"])
@pytest.mark.parametrize(
    "before", ["", " ", "  ", "\n", "\xa0", "\u2003", "\u3000", "\u200b", "\ufeff", "\u2800", "\u3164"]
)
def test_a_formula_is_text_in_a_spreadsheet_whatever_blanks_are_before_it(before: str, text: str) -> None:
    assert is_formula(before + text)
    assert csv_cell(before + text) == f"'{before}{text}"


@pytest.mark.parametrize("text", ["", " ", "\xa0", "cmd() = 1", " a-b", "1 + 1", "x@y"])
def test_other_text_is_as_it_was_in_a_spreadsheet(text: str) -> None:
    assert not is_formula(text)
    assert csv_cell(text) == text


def test_a_console_prints_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    console = PlainConsole(width=60)
    console.print("[red] [/x] :smile: \x1b[31m", Text("[bold]"))
    table = Table("[b]head[/b]", title="[i]title")
    table.add_row("[/x] \x9b1m")
    console.print(table)
    console.rule("[u]rule")
    console.print("[bold]loud[/bold]", style="bold")
    out = capsys.readouterr().out
    assert out.startswith("[red] [/x] :smile: \\x1b[31m [bold]\n")
    for text in ("[b]head[/b]", "[i]title", r"[/x] \x9b1m", "[u]rule", "[bold]loud[/bold]"):
        assert text in out
    assert "\x1b" not in out
    assert "\x9b" not in out

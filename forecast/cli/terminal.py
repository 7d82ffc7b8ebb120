"""The terminal on which tables are printed. Text appears as it is: nothing in it is markup or steers the terminal."""

from typing import Any

from rich.console import Console
from rich.text import Text

from forecast.plain_text import visible


class PlainConsole(Console):
    """A console of Rich that prints texts literally; a style is given as a `Text` or an argument."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**({"markup": False, "emoji": False, "highlight": False} | how))

    def render_str(self, text: str, **how: Any) -> Text:
        """A text as it is printed: every text in a table, a title or a line passes here."""
        return super().render_str(visible(text), **(how | {"markup": False, "emoji": False, "highlight": False}))

    def on_broken_pipe(self) -> None:
        """Raise the error again; Rich would end the process."""
        raise

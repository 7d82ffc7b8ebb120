"""The command `forecast verify`."""

from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Outcome, command
from forecast.cli.console import working

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.pipeline.verify import Verified


@command
def verify(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, `latest` or `previous`.")] = "latest",
    runs: options.Runs = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compute the run from its evidence on: every fit is sampled again.")
    ] = False,
) -> Outcome:
    """Check that a run's files are as saved, then compute it again from its inputs. Exit code 6 if they differ."""
    from forecast.cli.exit_codes import ExitCode
    from forecast.pipeline.verify import verify as verified
    from forecast.store.saved_run import find_run

    with working() as notify:
        found = verified(find_run(run, runs), deep=deep, notify=notify)
    codes = () if found.sound else (ExitCode.CHANGED,)
    return Outcome(_content(found), lambda console: _print(found, console), codes)


def _content(found: "Verified") -> dict[str, object]:
    publication = found.publication
    odds = {
        end: {
            "then": entry.then,
            "now": entry.now,
            "then_standard_error": entry.then_error,
            "now_standard_error": entry.now_error,
            "agree": entry.agree,
        }
        for end, entry in found.odds.items()
    }
    return {
        "run": found.run,
        "sound": found.sound,
        "deep": found.deep,
        "manifest_sha256": found.manifest_sha256,
        "published": None if publication is None else publication.published,
        "files": found.files,
        "changed": list(found.changed),
        "same_environment": not found.other,
        "other": [{"name": name, "then": then, "now": now} for name, then, now in found.other],
        "compared": list(found.compared),
        "differing": {name: list(lines) for name, lines in found.differing.items()},
        "odds": odds,
        "cannot": found.cannot,
    }


def _print(found: "Verified", console: "Console") -> None:
    def line(text: str) -> None:
        console.print(text, soft_wrap=True)

    line(f"{found.run}")
    if found.manifest_sha256:
        line(f"SHA-256 of its manifest: {found.manifest_sha256}")
    if found.publication:
        line(f"Published at {found.publication.published}.")
    if found.changed:
        line("CHANGED since it was saved:")
        for text in found.changed:
            line(f"  {text}")
        line("Nothing was computed. Restore the run from a copy.")
        return
    line(f"All {found.files} files are as they were saved.")
    if found.other:
        line("It was made in another environment, so equal bytes are not expected:")
        for name, then, now in found.other:
            line(f"  {name}: {then} then, {now} now")
    if found.cannot:
        line(f"It cannot be computed here: {found.cannot}")
        return
    start = "its evidence" if found.deep else "its draws"
    if not found.other and not found.differing:
        line(f"Computed again from its inputs and {start}: {len(found.compared)} files are equal, byte for byte.")
    for name, texts in found.differing.items():
        line(f"DIFFERENT when computed again from its inputs and {start}: {name}")
        for text in texts:
            line(f"  {text}")
    if found.other or found.differing:
        for end, entry in found.odds.items():
            words = "agree" if entry.agree else "do NOT agree"
            line(
                f"  {end}: {_odds(entry.then, entry.then_error)} then, {_odds(entry.now, entry.now_error)} now:"
                f" they {words} within the Monte Carlo error"
            )


def _odds(chance: float, error: float | None) -> str:
    return f"{100 * chance:.2f}%" + ("" if error is None else f" (error {100 * error:.2f})")

"""The commands `forecast evidence`: add figures, events and states, import publishers' files, list and compare."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import working

if TYPE_CHECKING:
    from forecast.intake.figures import Request
    from forecast.intake.reports import ImportReport

app = typer.Typer(
    help="Record evidence in your own scenario folder: figures, maps, releases, events, states. Rows are only added.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
imports = typer.Typer(
    help="Import a publisher's file: a map, a release of the aid tracker, a table.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
events = typer.Typer(help="Record events by the coding guide.", no_args_is_help=True, rich_markup_mode=None)
states = typer.Typer(
    help="Record changes of the recorded states by the coding guide.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(imports, name="import")
app.add_typer(events, name="event")
app.add_typer(states, name="state")

Named = Annotated[
    str | None,
    typer.Option(
        "--scenario", metavar="NAME|FOLDER", help="Scenario to write to; by default that of `priors/default`."
    ),
]
Day = Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="The day that the figure or the row is about.")]
Available = Annotated[
    str,
    typer.Option("--available", metavar="YYYY-MM-DD", help="The first day on which it was surely public."),
]
Source = Annotated[
    str, typer.Option("--source", metavar="ID|ADDRESS", help="An id in sources.toml, or an address (https://...).")
]
Reason = Annotated[str, typer.Option("--reason", help="The reason for this coding, in a sentence.")]
ADDED = {"series": "SERIES", "observed": "--date"} | {
    name: f"--{name}" for name in ("available", "value", "note", "source")
}
"""The argument or the option of `add` that gives each attribute of a figure."""

Accept = Annotated[
    str | None,
    typer.Option(
        "--accept",
        metavar="REASON",
        help="Take figures outside the declared range of their series; the reason is kept in the row's note.",
    ),
]


@app.command("add")
@command
def add(
    series: Annotated[str, typer.Argument(help="The series, as `forecast evidence list` shows it.")],
    date_: Day,
    value: Annotated[str, typer.Option("--value", help="The figure, in the unit of the series.")],
    available: Available,
    source: Source = "",
    note: Annotated[str, typer.Option("--note", help="Caveats, kept with the figure.")] = "",
    accept: Accept = None,
    scenario: Named = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
) -> Printed:
    """Add a figure to a series. A later figure for the same day is a revision: a new row, available on its own day."""
    from forecast.inputs.parsing import given_number
    from forecast.intake.figures import Figure, record_figures

    figure = Figure(
        series,
        _day(date_, "--date"),
        _day(available, "--available"),
        given_number(value, "--value"),
        note=note,
        source=source,
        keys=ADDED,
    )
    with working():
        report = record_figures(_folder(scenario, priors), [figure], _request(accept, runs))
    return _printed(report)


@imports.command("deepstate")
@command
def deepstate(
    files: Annotated[list[str], typer.Argument(metavar="FILE.geojson...", help="Maps as published, one file a day.")],
    date_: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="The date of a map that does not say it.")
    ] = None,
    available: Annotated[
        str | None,
        typer.Option(
            "--available",
            metavar="YYYY-MM-DD",
            help="The day on which the maps became public, if not their own date: for maps that were redrawn.",
        ),
    ] = None,
    series: Annotated[
        str | None, typer.Option("--series", help="The series; by default the one that the front learns from.")
    ] = None,
    accept: Accept = None,
    scenario: Named = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
) -> Printed:
    """Measure the occupied area of DeepState's maps and record it, each as known on the map's date.

    Maps of all days may be recorded; the front learns from Mondays. A map that differs from the figure recorded for its
    day is left out, and named, unless --available says when it became public.
    """
    from forecast.intake.deepstate import import_maps

    day = None if date_ is None else _day(date_, "--date")
    when = None if available is None else _day(available, "--available")
    with working():
        report = import_maps(
            _folder(scenario, priors),
            [_path(file) for file in files],
            _request(accept, runs, skip=True),
            day=day,
            available=when,
            series=series,
        )
    return _printed(report)


@imports.command("kiel")
@command
def kiel(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The tracker's table by donor and month, .csv or .xlsx.")],
    released: Annotated[
        str, typer.Option("--released", metavar="YYYY-MM-DD", help="The day of the release: its figures' `available`.")
    ],
    accept: Accept = None,
    scenario: Named = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
) -> Printed:
    """Record the months of a release of the Ukraine Support Tracker; changed figures become revisions of that day."""
    from forecast.intake.kiel import import_kiel

    day = _day(released, "--released")
    with working():
        report = import_kiel(_folder(scenario, priors), _path(file), day, _request(accept, runs))
    return _printed(report)


@imports.command("csv")
@command
def csv_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with a header.")],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD,...",
            help="Columns that hold the fields series, observed, available, value, low, high, note, source; "
            "by default the columns with these names.",
        ),
    ] = None,
    series: Annotated[str | None, typer.Option("--series", help="The series, if no column has it.")] = None,
    available: Annotated[
        str | None,
        typer.Option("--available", metavar="YYYY-MM-DD", help="The day on which all became public, if in no column."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="ID|ADDRESS", help="The source of all, if no column has it.")
    ] = None,
    accept: Accept = None,
    scenario: Named = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
) -> Printed:
    """Record the figures of a table; all of its rows or none."""
    from forecast.intake.tables import import_csv, parse_mapping

    given = {"series": series, "available": available, "source": source}
    constants = {name: text for name, text in given.items() if text is not None}
    columns = parse_mapping(map_ or [])
    with working():
        report = import_csv(
            _folder(scenario, priors), _path(file), _request(accept, runs), columns=columns, constants=constants
        )
    return _printed(report)


@events.command("add")
@command
def event_add(
    date_: Day,
    available: Available,
    event: Annotated[str, typer.Option("--event", help="The event, in a sentence.")],
    reason: Reason,
    source: Source,
    decision: Annotated[
        str,
        typer.Option("--decision", help="The decision of the model that it stands for (docs/coding.md), if any."),
    ] = "",
    scenario: Named = None,
    priors: options.Priors = None,
) -> Printed:
    """Add an event. If it changes a recorded state, first add that change with `forecast evidence state add`."""
    from forecast.intake.record import add_event

    with working():
        report = add_event(
            _folder(scenario, priors),
            observed=_day(date_, "--date"),
            available=_day(available, "--available"),
            decision=decision,
            event=event,
            reason=reason,
            source=source,
            today=_latest(),
        )
    return _printed(report)


@states.command("add")
@command
def state_add(
    date_: Day,
    available: Available,
    state: Annotated[str, typer.Option("--state", help="rung, posture, truce, arms, ban or pocket.")],
    value: Annotated[str, typer.Option("--value", help="Its new value, by the coding guide (docs/coding.md).")],
    reason: Reason,
    source: Source,
    scenario: Named = None,
    priors: options.Priors = None,
) -> Printed:
    """Add a change of a recorded state: from the date on, it has the new value."""
    from forecast.intake.record import add_state

    with working():
        report = add_state(
            _folder(scenario, priors),
            observed=_day(date_, "--date"),
            available=_day(available, "--available"),
            state=state,
            value=value,
            reason=reason,
            source=source,
            today=_latest(),
        )
    return _printed(report)


@app.command("coded-until")
@command
def coded_until(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The last day for which events and states are coded.")],
    scenario: Named = None,
    priors: options.Priors = None,
) -> Printed:
    """Say until when events and states are coded. In these days the lack of a row means that nothing happened."""
    from forecast.intake.record import code_until

    with working():
        report = code_until(_folder(scenario, priors), _day(day, "DATE"), _latest())
    return _printed(report)


@app.command("list")
@command
def list_(
    series: Annotated[
        str | None, typer.Argument(help="A series, `events` or `states`: shows its rows. By default all, a line each.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="Show only the rows known on this day.")
    ] = None,
    scenario: Named = None,
    priors: options.Priors = None,
) -> Printed:
    """Show the evidence: every series with its last figure, or the rows of one, revisions included."""
    from forecast.cli.evidence_tables import show_overview, show_rows
    from forecast.intake.listing import overview, rows_of
    from forecast.scenario.load import load_scenario

    day = None if as_of is None else _day(as_of, "--as-of")
    with working():
        loaded = load_scenario(scenario, priors=priors)
        found = overview(loaded, day) if series is None else rows_of(loaded, series, day)
    return found, lambda console: (show_overview if series is None else show_rows)(found, console)


@app.command("diff")
@command
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A date, or the folder of a scenario.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another date, or another folder.")],
    scenario: Named = None,
    priors: options.Priors = None,
) -> Printed:
    """Show what became known between two days, or by which rows the evidence of two scenario folders differs."""
    from forecast.cli.evidence_tables import show_differences
    from forecast.inputs.parsing import parse_day
    from forecast.intake.listing import became_known, differences
    from forecast.scenario.load import load_scenario

    with working():
        try:
            former, later = parse_day(a), parse_day(b)
        except ValueError:
            found = differences(load_scenario(_given(a, "A")), load_scenario(_given(b, "B")))
        else:
            found = became_known(load_scenario(scenario, priors=priors), former, later)
    return found, lambda console: show_differences(found, console)


def _given(text: str, key: str) -> str:
    """The folder or the name of a scenario that is compared.

    Raises:
        InputError: it is a day, and the other is not.
    """
    from forecast.errors import InputError
    from forecast.inputs.parsing import parse_day, shortened

    try:
        parse_day(text)
    except ValueError:
        if text.strip():
            return text
    what = f"found {shortened(text)}; expected two dates YYYY-MM-DD, or two folders of scenarios"
    raise InputError(what, key=key)


def _day(text: str, option: str) -> date:
    """A day that an option gives."""
    from forecast.inputs.parsing import given_day

    return given_day(text, option)


def _path(text: str) -> Path:
    """The path of a file that an argument gives."""
    from forecast.errors import InputError
    from forecast.locations import expanded

    if not text.strip():
        raise InputError("found an empty text; expected the path of a file", key="FILE", remedy="Name a file")
    return expanded(Path(text))


def _folder(scenario: str | None, priors: Path | None) -> Path:
    """The scenario's folder, if it may be written to."""
    from forecast.intake.folder import writable_scenario

    return writable_scenario(scenario, priors)


def _latest() -> date:
    """The latest day that evidence can be of."""
    from forecast.intake.inbox import latest_day

    return latest_day(date.min)


def _request(accept: str | None, runs: Path | None, *, skip: bool = False) -> "Request":
    """How figures are recorded."""
    from forecast.errors import InputError
    from forecast.inputs.validation import Place
    from forecast.intake.figures import Request
    from forecast.intake.reports import safe_text
    from forecast.store.saved_run import runs_folder

    if accept is not None and not safe_text(accept, Place("", "--accept")).strip():
        raise InputError("found an empty text; expected the reason", key="--accept", remedy="Write a sentence")
    return Request(_latest(), accept, runs_folder(runs), skip)


def _printed(report: "ImportReport") -> Printed:
    """The report of an import, as JSON and as lines; flags go to standard error as warnings."""
    import logging

    def show(console: Any) -> None:
        for line in report.lines:
            console.print(line, soft_wrap=True)
        added, revised, unchanged = report.added, report.revised, report.unchanged
        console.print(f"{added} added, {revised} revised, {unchanged} unchanged.")

    for flag in report.flags:
        logging.getLogger("forecast").warning("%s", flag)
    return report.content(), show

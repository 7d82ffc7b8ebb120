"""The question and what it names: `sources.toml`, `premises.toml` and `scenario.toml`, read and checked."""

from collections.abc import Sequence
from datetime import timedelta

from forecast import calendar
from forecast.inputs.validation import as_table, near, same_keys, spot_of
from forecast.scenario.reader import JUDGEMENT, Reader
from forecast.scenario.records import Premise, Region, Settlement, Source, Start
from forecast.scenario.spec import Question
from forecast.timeline.fields import CAPACITY

BATTLEFIELD = ("Kyiv's defeat", "the failure of Moscow's war")
"""The endings of kind `battlefield`, in the order of the file; a scenario gives them ids and labels of its own."""

UNRESOLVED = ("still_fighting", "general_truce")
"""The endings of kind `unresolved` that every scenario has."""


def read_sources(reader: Reader) -> None:
    """Read `sources.toml`."""
    place = reader.place("sources.toml")
    for name, raw in reader.tables["sources.toml"].items():
        reader.sources[name] = as_table(Source, raw, spot_of(place, name), id=name)
    if JUDGEMENT not in reader.sources:
        raise place.at(JUDGEMENT).error("it is missing; every scenario has this source")


def read_premises(reader: Reader) -> None:
    """Read `premises.toml`."""
    place = reader.place("premises.toml")
    for name, raw in reader.tables["premises.toml"].items():
        reader.premises[name] = as_table(Premise, raw, spot_of(place, name), id=name)


def read_question(reader: Reader) -> Question:
    """Read `scenario.toml`; its endings and its series are checked once settlements and evidence are read."""
    place = reader.place("scenario.toml")
    question = as_table(Question, reader.tables["scenario.toml"], place)
    spot_of(place.at("id"), question.id, "")
    if question.horizon <= question.reference_date:
        what = f"found {question.horizon}; expected a day after the reference date, {question.reference_date}"
        raise place.at("horizon").error(what)
    weeks = CAPACITY["week"]
    last = calendar.monday(question.reference_date) + timedelta(days=7 * weeks - 1)
    if question.horizon > last:
        what = f"found {question.horizon}; expected {last} at the latest, {weeks} weeks from the reference date"
        raise place.at("horizon").error(what)
    first = question.first_week
    if first.weekday() != 0 or first >= question.reference_date:
        what = f"found {first}, a {first:%A}; expected a Monday before the reference date"
        raise place.at("front.first_week").error(what)
    reader.check_source(question.season.source, place.at("season.source"))
    reader.check_source(question.start.source, place.at("start.source"))
    for key, events in (("upheaval", question.upheavals), ("vote", question.votes)):
        for number, event in enumerate(events):
            spot = place.at(key, event.date)
            if any((event.date, event.label) == (other.date, other.label) for other in events[:number]):
                raise spot.error(f"found {event.label!r} of {event.date} twice; expected each event once", "Keep one")
            reader.check_source(event.source, spot.at("source"))
            if not question.reference_date <= event.date <= question.horizon:
                days = f"{question.reference_date}, the reference date, to {question.horizon}, the horizon"
                raise spot.at("date").error(f"found {event.date}; expected {days}", "Take it out: it cannot matter")
    reader.day = question.reference_date
    return question


def check_start(reader: Reader, start: Start, regions: Sequence[Region], settlements: Sequence[Settlement]) -> None:
    """Check that what `[start]` names is there: the settlements that failed, and the regions of substantial gains."""
    place = reader.place("scenario.toml").at("start")
    for key, given, known in (
        ("failed", start.failed, [deal.id for deal in settlements if not deal.dictated]),
        ("substantial", start.substantial, [region.id for region in regions]),
    ):
        for name in given:
            if name not in known:
                raise place.at(key).error(f"found {name!r}; expected {', '.join(known)}", near(name, known))


def check_endings(reader: Reader, question: Question, settlements: Sequence[Settlement]) -> None:
    """Check `[[ending]]`: two on the battlefield, one for each settlement that can be made, and two unresolved."""
    place = reader.place("scenario.toml").at("ending")
    ids = [ending.id for ending in question.endings]
    kinds = {deal.id: "negotiated" for deal in settlements if not deal.dictated}
    kinds |= dict.fromkeys(UNRESOLVED, "unresolved")
    battlefield = [ending.id for ending in question.endings if ending.kind == "battlefield" and ending.id not in kinds]
    kinds = dict.fromkeys(battlefield, "battlefield") | kinds
    for number, ending in enumerate(question.endings):
        spot = place.at(ending.id)
        if ending.id in ids[:number]:
            raise spot.error("two endings have this id", "Keep one")
        if ending.id not in kinds:
            what = f"no settlement that can be made has this id; expected {', '.join(kinds)}"
            raise spot.at("id").error(what, near(ending.id, kinds))
        if ending.kind != kinds[ending.id]:
            raise spot.at("kind").error(f"found {ending.kind!r}; expected {kinds[ending.id]!r}")
    same_keys(ids, kinds, place, "ending")
    if len(battlefield) != len(BATTLEFIELD):
        what = f"found {len(battlefield)} endings of kind 'battlefield' ({', '.join(battlefield) or 'none'})"
        raise place.error(f"{what}; expected {len(BATTLEFIELD)}: first {', then '.join(BATTLEFIELD)}")

"""`base_rates.toml`: the rates of the member `base-rates`, from the record of a class of wars and priors.

Rates have a conjugate gamma prior, given as events and years, to which those of the record are added.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from forecast.inputs.validation import Day, Place, Positive, Table, Text, as_table, near
from forecast.scenario.members import BaseRates, Rate
from forecast.scenario.reader import Reader
from forecast.scenario.reference_tables import OUTCOMES, WarRow, war_rows

FILE = "base_rates.toml"

DAYS_PER_YEAR = 365.25

Count = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Ground(Table):
    """The grounds of a table of the file; `reviewed` as in `forecast.scenario.records.Grounds`."""

    source: Text
    reason: Text
    reviewed: Day | None = None


class ClassTable(Ground):
    """`[class]`: which reference table, and the ages in years between which its wars are counted."""

    table: Text
    youngest: Count
    oldest: Positive
    since: int


class EraTable(Ground):
    """`[era]`: what wars begun before it count."""

    begins: int
    weight: Share


class EndTable(Ground):
    """`[end]`: the prior of the rate at which wars end."""

    ends: Positive
    war_years: Count


class ModesTable(Ground):
    """`[modes]`: the prior of how they end, in cases of each kind."""

    won_or_lost: Positive
    stalemate: Positive
    other: Positive


class VictoryTable(Ground):
    """`[victory]`: of wars won or lost, cases in which those who began them won, and lost."""

    initiator_wins: Positive
    initiator_loses: Positive


class BreakingTable(Ground):
    """`[breaking]`: chance that a settlement is no longer in force at the horizon."""

    chance: Share


class TruceTable(Ground):
    """`[truce]`: ceasefires along the whole front that did not end the war, begun in a number of war-years."""

    begun: Positive
    war_years: Positive


class AdvanceTable(Ground):
    """`[advance]`: years before the reference date; their changes of area are the base rate of the advance."""

    years: Positive


class BaseRatesFile(Table):
    """The whole file."""

    class_: Annotated[ClassTable, Field(alias="class")]
    era: EraTable
    end: EndTable
    modes: ModesTable
    victory: VictoryTable
    breaking: BreakingTable
    truce: TruceTable
    advance: AdvanceTable


def ends_and_years(
    wars: Sequence[WarRow], youngest: float, oldest: float, since: int, until: int = 9999
) -> tuple[dict[str, int], float]:
    """Count the ends of wars while they are between two ages, and the years that they spent there.

    Args:
        wars: the wars.
        youngest: age from which they count, years.
        oldest: age up to which they count, years.
        since: first year of start that counts.
        until: year of start from which they no longer count.

    Returns:
        ends by outcome, and war-years.
    """
    ends, exposure = dict.fromkeys(OUTCOMES, 0), 0.0
    for war in wars:
        years = war.duration_days / DAYS_PER_YEAR
        if years <= youngest or not since <= war.start.year < until:
            continue
        exposure += min(years, oldest) - youngest
        if years <= oldest:
            ends[war.outcome] += 1
    return ends, exposure


def read_base_rates(reader: Reader) -> BaseRates | None:
    """Read `base_rates.toml`; a scenario may lack it.

    Raises:
        InputError: a key or a value is wrong, or the class is not a reference table of wars.
    """
    if FILE not in reader.tables:
        return None
    place = reader.place(FILE)
    file = as_table(BaseRatesFile, reader.tables[FILE], place)
    grounds = {info.alias or name: getattr(file, name) for name, info in BaseRatesFile.model_fields.items()}
    for name, ground in grounds.items():
        reader.check_source(ground.source, place.at(name, "source"))
    own = file.class_
    if own.oldest <= own.youngest:
        what = f"found {own.oldest:g}; expected more than youngest, {own.youngest:g}"
        raise place.at("class.oldest").error(what)
    wars = _wars(reader, own.table, place.at("class.table"))
    ages = own.youngest, own.oldest
    early = ends_and_years(wars, *ages, own.since, file.era.begins)
    late = ends_and_years(wars, *ages, max(own.since, file.era.begins))
    ends = {name: file.era.weight * early[0][name] + late[0][name] for name in OUTCOMES}
    war_years = file.era.weight * early[1] + late[1]
    if war_years == 0.0:
        span = f"{ages[0]:g} to {ages[1]:g} years old"
        what = f"no war of the table {own.table!r} that began in {own.since} or later was {span}"
        what += "" if file.era.weight else ", and earlier wars have no weight"
        raise place.at("class").error(f"{what}; expected at least one", "Widen the ages, or change since")
    rate = Rate(file.end.ends, file.end.war_years).after(sum(ends.values()), war_years)
    return BaseRates(
        end=rate,
        modes={name: getattr(file.modes, name) + ends[name] for name in OUTCOMES},
        victory=(file.victory.initiator_wins, file.victory.initiator_loses),
        breaking=file.breaking.chance,
        truce=Rate(file.truce.begun, file.truce.war_years),
        advance_years=file.advance.years,
        reasons={name: ground.reason for name, ground in grounds.items()},
    )


def _wars(reader: Reader, table: str, place: Place) -> Sequence[WarRow]:
    """The rows of the reference table of wars, checked."""
    if table not in reader.classes:
        what = f"found {table!r}; expected a table of reference/reference.toml"
        raise place.error(what, near(table, reader.classes))
    for column in ("start", "duration_days", "outcome", "war"):
        if column not in reader.classes[table][0]:
            raise place.error(f"found {table!r}, which has no column {column}; expected a table of wars")
    file = reader.tables["reference/reference.toml"][table]["file"]
    return war_rows(list(enumerate(reader.classes[table], start=2)), reader.place(f"reference/{file}"))

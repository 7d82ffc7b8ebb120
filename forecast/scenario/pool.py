"""`pool.toml`: the members of the pool, their weights, and how events since the reference date update the weights."""

from collections.abc import Collection
from typing import Annotated, Any, Final

from pydantic import Field

from forecast.inputs.validation import Table, as_table, near, shown
from forecast.scenario.members import Member, Pool, WeightUpdate
from forecast.scenario.perspectives import BASE, BASE_RATES
from forecast.scenario.reader import Reader

FILE: Final = "pool.toml"

COMMON: Final = ("war_ended", "general_truce", "km2")
"""Items for which every member has a density, in the order in which a period scores them; the common set consists of
some of them. `war_ended` is an end on the battlefield, and `general_truce` includes the truce that a settlement brings.
Another member may count the settlement as an end; the sum of both items covers the same events."""


class PoolFile(Table):
    """The whole file."""

    member: Annotated[dict[str, Any], Field(min_length=1)]
    update: WeightUpdate


def read_pool(reader: Reader, perspectives: Collection[str]) -> Pool | None:
    """Read `pool.toml`; a scenario may lack it.

    Args:
        reader: with everything else read.
        perspectives: names of the scenario's own perspectives, of which a pool may leave some out.

    Raises:
        InputError: a key or a value is wrong, a member is unknown, or the weights do not add up to 1.
    """
    if FILE not in reader.tables:
        return None
    place = reader.place(FILE)
    file = as_table(PoolFile, reader.tables[FILE], place)
    known = [BASE, *perspectives, *([BASE_RATES] if "base_rates.toml" in reader.tables else [])]
    members = []
    for name, raw in file.member.items():
        spot = place.at("member", name)
        if name not in known:
            remedy = "Add base_rates.toml" if name == BASE_RATES else near(name, known, "Take it out")
            raise spot.error(f"found the member {name!r}; expected {', '.join(known)}", remedy)
        members.append(as_table(Member, raw, spot, name=name))
    total = sum(member.weight for member in members)
    if abs(total - 1.0) > 1e-9:
        given = ", ".join(shown(member.weight) for member in members)
        raise place.at("member").error(
            f"found the weights {given}, which add up to {total:g}; the weights must add up to 1"
        )
    update = file.update
    if update.floor * len(members) >= 1.0:
        what = f"found {update.floor:g}; expected less than 1 / {len(members)}, one divided by the number of members"
        raise place.at("update.floor").error(what)
    for number, item in enumerate(update.common):
        if item not in COMMON or item in update.common[:number]:
            what = f"found {item!r}; expected {', '.join(COMMON)}, each once"
            raise place.at("update.common").error(what, near(item, COMMON))
    return update.record(Pool, members=tuple(members))

"""Parts: one table a parameter, and the regions of the front."""

import pytest

from forecast.errors import InputError
from forecast.scenario.parts import read_parts
from forecast.scenario.reader import Reader


def test_regions_are_in_the_order_of_the_file(reader: Reader) -> None:
    regions = read_parts(reader)
    assert [(region.id, region.later) for region in regions] == [("north_shore", False), ("highlands", True)]
    assert regions[1].as_of is not None
    assert {"front.held.highlands", "front.breakthrough", "moscow.worth"} <= set(reader.priors)
    assert not any(name.startswith(("parties.", "settlements.")) for name in reader.priors)


@pytest.mark.parametrize(
    ("regions", "words"), [(3, "found 3; expected a table for each region"), ({}, "found 0 tables")]
)
def test_regions_that_are_none_are_refused(reader: Reader, regions: object, words: str) -> None:
    reader.tables["front.toml"]["region"] = regions
    with pytest.raises(InputError, match=words):
        read_parts(reader)


def test_a_region_misses_no_key(reader: Reader) -> None:
    del reader.tables["front.toml"]["region"]["highlands"]["later"]
    with pytest.raises(InputError) as caught:
        read_parts(reader)
    assert caught.value.key == "region.highlands.later"
    assert "it is missing; a table here needs" in caught.value.what
    assert "needs id" not in caught.value.what

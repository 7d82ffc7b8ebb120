"""A reader of the made-up scenario, at the point where the tables with priors are read."""

import copy

import pytest
from places import TINY

from forecast.scenario.files import parse_tables, read_folder
from forecast.scenario.question import read_premises, read_question, read_sources
from forecast.scenario.reader import Reader
from forecast.scenario.reference_tables import read_reference


@pytest.fixture(scope="session")
def read_once() -> Reader:
    """Sources, premises, the question and the reference classes are read; no prior is."""
    texts = read_folder(TINY)
    reader = Reader(TINY.name, parse_tables(texts, TINY.name))
    read_sources(reader)
    read_premises(reader)
    read_question(reader)
    read_reference(reader, texts)
    return reader


@pytest.fixture
def reader(read_once: Reader) -> Reader:
    """A copy of it, whose tables may be changed."""
    return copy.deepcopy(read_once)

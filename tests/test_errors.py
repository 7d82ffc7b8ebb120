"""What the system refuses is told with path, cause and remedy; nothing else is."""

import errno
import json

import numpy as np
import pytest

from forecast.errors import InputError, SystemRefusal, refusal_of


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.ENOLCK, errno.EMFILE, errno.EIO])
def test_space_memory_and_locks_may_come_back(number: int) -> None:
    found = refusal_of(OSError(number, "x", "/runs/a"))
    assert isinstance(found, SystemRefusal)
    assert found.exit_code == 75
    assert str(found).startswith("/runs/a: ")
    assert str(found).count(". ") == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP])
def test_permissions_and_names_are_the_users(number: int) -> None:
    found = refusal_of(OSError(number, "x"), "/runs/a")
    assert isinstance(found, InputError)
    assert found.exit_code == 2
    assert str(found).startswith("/runs/a: ")


def test_memory_that_is_not_there() -> None:
    assert isinstance(refusal_of(MemoryError()), SystemRefusal)
    with pytest.raises(MemoryError) as caught:
        np.empty(2**60, np.uint8)
    assert isinstance(refusal_of(caught.value), SystemRefusal)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("can't start new thread"),
        ImportError("libx.so.1: failed to map segment from shared object"),
        ImportError("advice\n\nOriginal error was: libx.so.1: cannot open shared object file: Cannot allocate memory"),
    ],
)
def test_no_memory_and_no_threads_in_the_words_of_libraries(error: Exception) -> None:
    assert isinstance(refusal_of(error), SystemRefusal)


def test_names_are_shortened_and_bytes_are_read() -> None:
    assert len(str(refusal_of(OSError(errno.ENAMETOOLONG, "x", "n" * 5000)))) < 300
    assert "/runs" in str(refusal_of(OSError(errno.EACCES, "x", b"/runs\xff")))


@pytest.mark.parametrize(
    "bug",
    [
        FileNotFoundError(errno.ENOENT, "x", "y"),
        IsADirectoryError(errno.EISDIR, "x", "y"),
        BrokenPipeError(errno.EPIPE, "x"),
        OSError("no number"),
        ValueError("x"),
        KeyError("x"),
        EOFError(),
        RuntimeError("x"),
        ImportError("cannot import name 'x' from 'forecast'"),
        json.JSONDecodeError("x", "y", 0),
    ],
)
def test_a_bug_is_no_refusal(bug: Exception) -> None:
    assert refusal_of(bug) is None

"""The machine beneath: its processor, the processors that this process may use, and whether another process runs."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CGROUPS = Path("/sys/fs/cgroup")
"""Folder in which Linux shows the limits of groups of processes."""

OWN_CGROUP = Path("/proc/self/cgroup")
"""File in which Linux names the groups of this process."""

BOOT, MACHINE = Path("/proc/sys/kernel/random/boot_id"), Path("/etc/machine-id")
"""Files in which Linux names the present boot and the machine."""

PROCESSES = Path("/proc")
"""Folder in which Linux shows the processes."""

CHOSEN = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")
"""Environment variables that choose code for another processor than the one that is there."""


def processor() -> list[str]:
    """The kind of processor, and settings that choose code for it.

    Compiled code is made for it, and other vector units round otherwise, which gives other odds.

    Returns:
        its name, its features, and each of the settings.
    """
    from llvmlite import binding

    features = binding.get_host_cpu_features().flatten()
    return [binding.get_host_cpu_name(), features, *(f"{name}={os.environ.get(name, '')}" for name in CHOSEN)]


def usable_processors(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """How many threads can run at once: the processors that the process may use, within the quota of its containers.

    Args:
        cgroups: see `CGROUPS`.
        own: see `OWN_CGROUP`.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # only Linux has it
        allowed = os.cpu_count() or 1
    return max(1, min([allowed, *(int(quota) for quota in _quotas(cgroups, own))]))


def this_process() -> dict[str, Any]:
    """The identity of this process, by which others know later whether it still runs; see `has_ended`.

    Returns:
        `host` and `machine`: the names of the machine; `boot`: of its boot; `space`: of the name space in which
        numbers of processes are unique; `pid`: the number; `start`: when the process began, in ticks since the boot.
        Empty texts stand for things that the system does not show.
    """
    return _place() | {"pid": os.getpid(), "start": _start(os.getpid())}


def has_ended(process: Mapping[str, Any]) -> bool | None:
    """Whether a process has ended for certain; None if that cannot be known from here, as on another machine.

    Args:
        process: from `this_process`, called there.
    """
    here = _place()
    if any(process.get(key) != here[key] for key in ("host", "machine")):
        return None
    if process.get("boot") != here["boot"]:
        return True if here["boot"] and here["machine"] and process.get("boot") else None
    number = process.get("pid")
    if process.get("space") != here["space"] or not isinstance(number, int) or number < 1:
        return None
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass  # it belongs to somebody else
    start = _start(number)
    if not start or not process.get("start"):
        return None
    return bool(start != process["start"])


def _place() -> dict[str, str]:
    try:
        space = str((PROCESSES / "self" / "ns" / "pid").readlink())
    except OSError:
        space = ""
    return {
        "host": platform.node(),
        "machine": _text(MACHINE).strip(),
        "boot": _text(BOOT).strip(),
        "space": space,
    }


def _start(number: int) -> str:
    """When a process began, in ticks since the boot; `ended` if it is dead and only waits to be collected."""
    fields = _text(PROCESSES / str(number) / "stat").rpartition(")")[2].split()
    if not fields:
        return ""
    return "ended" if fields[0] in "ZX" else fields[19]


def _quotas(cgroups: Path, own: Path) -> list[float]:
    """The quotas of processor time of this process's groups and those around them, in processors."""
    found = []
    for line in _text(own).splitlines():
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        parts = Path(group.lstrip("/")).parts
        root = cgroups if not controllers else cgroups / controllers
        if controllers and "cpu" not in controllers.split(","):
            continue
        # In a container the group's own folder is often mounted as the root.
        for folder in [root.joinpath(*parts[:k]) for k in range(len(parts) + 1)]:
            quota, period = [*_text(folder / "cpu.max").split(), "", ""][:2]
            if controllers:
                quota, period = (_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
            if quota.isdecimal() and period.isdecimal() and int(period) > 0:
                found.append(int(quota) / int(period))
    return found


def _text(path: Path) -> str:
    """The content of a file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

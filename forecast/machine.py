"""The machine beneath: its processor, and the processors that this process may use."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
"""Folder in which Linux shows the limits of groups of processes."""

OWN_CGROUP = Path("/proc/self/cgroup")
"""File in which Linux names the groups of this process."""

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

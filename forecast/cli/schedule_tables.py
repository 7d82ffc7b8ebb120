"""The lines and tables that `forecast schedule` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from forecast.plain_text import one_line
from forecast.schedule.job_call import JobReport
from forecast.schedule.status import age
from forecast.schedule.units import CRON, SERVICE, TIMER

MOST_SHOWN = 5
"""Most dates that a line names."""


def show_call(reports: Sequence[JobReport], console: Console) -> None:
    """Print what a call did, job by job."""
    for report in reports:
        for line in _lines(report):
            console.print(f"{report.job}: {one_line(line)}", soft_wrap=True)


def _lines(report: JobReport) -> list[str]:
    lines = [f"imported {name}. {' '.join(said)}" for name, said in report.imported.items()]
    rejected = report.rejected.items()
    lines += [f"rejected {reason if reason.startswith(name) else f'{name}: {reason}'}" for name, reason in rejected]
    lines += [f"left {name}: it is still being written" for name in report.left]
    for run in report.runs:
        more = f" (the last of {run['instants']} instants of this date)" if run["instants"] > 1 else ""
        lines.append(f"as of {run['as_of']}: {run['run']}{', unchanged' if run['unchanged'] else ''}{more}")
    for failure in report.failures:
        of = f" as of {failure['as_of']}" if failure["as_of"] else ""
        lines.append(f"failed{of}, and is tried again at the next call: {failure['message']}")
    for series in report.stale:
        last = series["last_available"] or "none"
        lines.append(f"stale: {series['series']}, last row {last}, expected by {series['expected']}")
    lines += [f"alert: {alert['text']}" for alert in report.alerts]
    if report.pruned:
        lines.append(f"removed by retention: {', '.join(report.pruned)}")
    alerts = [alert["text"] for alert in report.alerts]
    lines += [note for note in report.notes if note not in alerts]  # the end of a scenario is both
    if not (report.runs or report.failures or report.over):
        lines.append("nothing is due" + (f"; next at {report.next}" if report.next else ""))
    return lines


def show_status(found: Mapping[str, Any], console: Console) -> None:
    """Print the state of the schedule."""
    call = found["last_call"]
    if call is None:
        console.print("The scheduler has not been called.")
    else:
        said = "well" if call.get("ok") else f"with exit code {call.get('exit_code')}"
        console.print(f"Last call: {call.get('finished')} ({age(call.get('finished')) or 'unknown'}), ended {said}.")
    for job in found["jobs"]:
        table = Table(title=job["job"], title_justify="left", show_header=False)
        for name, value in _rows(job):
            table.add_row(name, one_line(value))
        console.print(table)


def _rows(job: Mapping[str, Any]) -> list[tuple[str, str]]:
    last, upcoming, failure = job["last_success"], job["next"], job["last_failure"]
    rows = [
        ("cron", f"{job['cron']}, {job['zone']}"),
        ("last success", f"as of {last['as_of']}, {last['run']}, made {last['at']}" if last else "none"),
        ("next", f"{upcoming['local']} ({upcoming['utc']})" if upcoming else "none"),
        ("overdue", _some([entry["as_of"] for entry in job["overdue"]])),
    ]
    if job["why"]:
        rows.append(("why", job["why"]))
    if failure:
        rows.append(("last failure", f"as of {failure['as_of']}, code {failure['code']}: {failure['message']}"))
    if job["fault"]:
        rows.append(("fault", job["fault"]))
    if job["over"]:
        rows.append(("over", job["over"]))
    if job["stale"]:
        stale = job["stale"]
        rows.append(("stale", stale if isinstance(stale, str) else ", ".join(one["series"] for one in stale)))
    if job["inbox"]:
        counts = {key: value for key, value in job["inbox"].items() if key != "folder"}
        rows.append(("inbox", ", ".join(f"{value} {key}" for key, value in counts.items())))
    if job["alerts_waiting"]:
        faults = [f"{one['id']} ({one['fault'] or 'not yet sent'})" for one in job["alerts_waiting"]]
        rows.append(("alerts to send", _some(faults)))
    return rows


def _some(values: Sequence[str]) -> str:
    """The first few of some values, and the number of others."""
    if len(values) <= MOST_SHOWN:
        return ", ".join(values) or "nothing"
    return f"{', '.join(values[:MOST_SHOWN])} and {len(values) - MOST_SHOWN} more"


def show_unit(kind: str, files: Mapping[str, str], console: Console) -> None:
    """Print the files to install, with the steps as comments."""
    if kind == "cron":
        lines = [
            "# Add this line with: crontab -e",
            "# cron sends errors and warnings by mail to the address in MAILTO (a line MAILTO=you@example.org above).",
            "# Exit codes 3 (stale evidence) and 5 (an alert) are not failures.",
            files[CRON].rstrip(),
        ]
    else:
        lines = [
            f"# Save the two files as {SERVICE} and {TIMER} in ~/.config/systemd/user, then:",
            f"#   systemctl --user daemon-reload && systemctl --user enable --now {TIMER}",
            "#   loginctl enable-linger    (so that it also runs while you are logged out)",
        ]
        for name in (SERVICE, TIMER):
            lines += [f"\n# ----- {name} -----", files[name].rstrip()]
    for line in lines:
        console.print(line, soft_wrap=True)

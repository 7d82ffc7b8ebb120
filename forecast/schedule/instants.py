"""The instants at which a job is due: a cron expression read in a time zone, in the nights of clock changes too.

`cronsim` parses the expression and matches days. Times of the day are enumerated on the wall clock and then located:
a time that a clock change repeats is due once, the first time, and one that it skips is due at the next instant that
exists. A job of every hour keeps its rhythm instead: it is due in both of the repeated hours, and not at the end of
a skipped one. (cronsim itself would skip `*/15 2 * * *` in spring and repeat it in autumn.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from forecast.errors import InputError
from forecast.inputs.parsing import shortened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

SEARCHED_DAYS = 366 * 41
"""Days in which a next instant is looked for: 29 February on a given weekday comes at most 40 years later."""

YEARS = (1970, 2199)
"""First and last year of the times that a schedule takes."""

FIELDS = 5

_MIDDAY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Due:
    """The instants of one as-of date, of which the last is run.

    Attributes:
        instant: the last of them, UTC.
        as_of: the date of that instant in the job's zone.
        count: number of instants of this date.
    """

    instant: datetime
    as_of: date
    count: int


class Timetable:
    """The instants of a cron expression in a time zone.

    Args:
        cron: five fields: minute, hour, day of the month, month, day of the week.
        zone: the time zone of the wall clock.

    Raises:
        ValueError: it is not such an expression, or it never comes.
    """

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        if len(cron.split()) != FIELDS:
            raise ValueError("five fields: minute, hour, day of the month, month, day of the week")
        try:
            self._matcher = CronSim(cron, _MIDDAY)
        except (CronSimError, AssertionError, TypeError) as error:
            text = str(error)
            field = f" ({text[:1].lower()}{text[1:]})" if text else ""
            raise ValueError(f"a cron expression such as '0 7 * * 1'{field}") from error
        self.cron, self.zone = cron, zone
        self._hours = sorted(self._matcher.hours)
        self._minutes = sorted(self._matcher.minutes)
        if not self._hours or not self._minutes or next(self._days(_MIDDAY.date()), None) is None:
            raise ValueError("a cron expression with a day that comes")

    @property
    def every_hour(self) -> bool:
        """Whether the job is due in every hour of its days, so that it keeps a rhythm in real time."""
        return len(self._hours) == 24

    def matches(self, day: date) -> bool:
        """Whether the job is due on a day."""
        return day.month in self._matcher.months and self._matcher.match_day(day)

    def of_day(self, day: date) -> list[datetime]:
        """The instants that belong to a day of the wall clock, in order, UTC; each stands once."""
        if not self.matches(day):
            return []
        return self._located(
            datetime.combine(day, time(hour, minute)) for hour in self._hours for minute in self._minutes
        )

    def after(self, instant: datetime) -> Iterator[datetime]:
        """The instants after an instant, in order, UTC, to the end of the search."""
        latest = instant
        for day in self._days(self.local(instant).date() - DAY):
            for found in self.of_day(day):
                if found > latest:
                    yield found
                    latest = found

    def next_after(self, instant: datetime) -> datetime | None:
        """The first instant after an instant, UTC; None if none comes within the search."""
        return next(self.after(instant), None)

    def due(self, after: datetime, until: datetime) -> list[Due]:
        """The instants after one instant, up to and with another, by as-of date: oldest first.

        Args:
            after: the last instant that is done.
            until: the present.
        """
        if until <= after:
            return []
        found: dict[date, Due] = {}
        first, last = self.local(after).date(), self.local(until).date()
        for day in self._days(first - DAY):
            if day > last + DAY:
                break
            for due in self._of_plain_day(day, after, until) or self._of_any_day(day, after, until):
                former = found.get(due.as_of)
                earlier = former.count if former else 0
                found[due.as_of] = Due(due.instant, due.as_of, due.count + earlier)
        return sorted(found.values(), key=lambda due: due.instant)

    def local(self, instant: datetime) -> datetime:
        """An instant on the wall clock of the zone."""
        return instant.astimezone(self.zone)

    def start_of(self, day: date) -> datetime:
        """The first instant of a day in the zone, UTC."""
        return self._locate(datetime.combine(day, time()))[0]

    def _of_plain_day(self, day: date, after: datetime, until: datetime) -> list[Due]:
        """The instants of a day without a clock change that lies wholly in the period; nothing for any other day."""
        begin, end = (datetime.combine(day + k * DAY, time(), self.zone) for k in range(2))
        begins, ends = begin.astimezone(UTC), end.astimezone(UTC)
        if ends - begins != DAY or begin.utcoffset() != end.utcoffset() or not after < begins < ends <= until:
            return []
        last = datetime.combine(day, time(self._hours[-1], self._minutes[-1]), self.zone)
        return [Due(last.astimezone(UTC), day, len(self._hours) * len(self._minutes))]

    def _of_any_day(self, day: date, after: datetime, until: datetime) -> list[Due]:
        inside = (instant for instant in self.of_day(day) if after < instant <= until)
        return [Due(instant, self.local(instant).date(), 1) for instant in inside]

    def _days(self, first: date) -> Iterator[date]:
        for count in range(SEARCHED_DAYS):
            try:
                day = first + count * DAY
            except OverflowError:
                return
            if self.matches(day):
                yield day

    def _located(self, walls: Iterator[datetime]) -> list[datetime]:
        return sorted({instant for wall in walls for instant in self._locate(wall)})

    def _locate(self, wall: datetime) -> list[datetime]:
        """The instants, UTC, at which a time of the wall clock is due: one, or in a rhythm two or none."""
        early, late = (wall.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        before, behind = early.utcoffset(), late.utcoffset()
        assert before is not None
        assert behind is not None
        if before == behind:
            return [early.astimezone(UTC)]
        first, second = early.astimezone(UTC), late.astimezone(UTC)
        if before > behind:  # the clock is turned back, and shows this time twice
            return [first, second] if self.every_hour else [first]
        if self.every_hour and (behind - before) % HOUR == timedelta():
            return []  # the hour is skipped: the same minute of the next hour comes one real hour after the last
        return [self._change(second, first)]

    def _change(self, low: datetime, high: datetime) -> datetime:
        """The instant between two others at which the clock changes, UTC, to the second."""
        offset = self.local(high).utcoffset()
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            if self.local(middle).utcoffset() == offset:
                high = middle
            else:
                low = middle
        return high


def parse_now(text: str | None) -> datetime:
    """The present: the clock's, or the time that `--now` gives in its place, UTC.

    Raises:
        InputError: it is not a date and time with an offset from UTC.
    """
    if text is None:
        return datetime.now(UTC)
    remedy = "Write it as 2025-03-31T07:00+02:00 or 2025-03-31T05:00Z"
    try:
        given = datetime.fromisoformat(text)
        if given.tzinfo is None:
            what = f"{shortened(text)} has no offset from UTC, so it is not one instant"
            raise InputError(what, key="--now", remedy=remedy)
        now = given.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{shortened(text)} is not a date and time", key="--now", remedy=remedy) from None
    if not YEARS[0] <= now.year <= YEARS[1]:
        what = f"found the year {now.year}; expected {YEARS[0]} to {YEARS[1]}"
        raise InputError(what, key="--now", remedy=remedy)
    return now


def written(instant: datetime) -> str:
    """An instant as text: UTC, to the second, as `2025-03-31T05:00:00Z`."""
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_instant(text: object) -> datetime:
    """An instant that `written` wrote.

    Raises:
        ValueError: it is not one.
    """
    if not isinstance(text, str):
        raise ValueError("a time, written as 2025-03-31T05:00:00Z")
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time, written as 2025-03-31T05:00:00Z")
    return found.astimezone(UTC)

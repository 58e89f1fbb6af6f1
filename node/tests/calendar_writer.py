"""Writes a calendar with the package icalendar, around the changes of a zone's clocks.

Arguments: the zone, a day on which its clocks go forward, one on which they go back, and the file.
Prints when the events are, as recurring-ical-events reads them: one line each, with title, start and end.
"""

import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

zone, spring, autumn, path = sys.argv[1:]
tz = ZoneInfo(zone)
spring, autumn = date.fromisoformat(spring), date.fromisoformat(autumn)


def at(day, days, hour, minute=0):
    day = day - timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=tz)


calendar = icalendar.Calendar()
calendar.add("prodid", "-//Somebody else//EN")
calendar.add("version", "2.0")


def event(title, start, end, rule=None, extra=(), without=(), **more):
    made = icalendar.Event()
    made.add("summary", title)
    made.add("uid", title)
    made.add("dtstamp", datetime(2026, 1, 1, tzinfo=timezone.utc))
    made.add("dtstart", start)
    made.add("duration" if isinstance(end, timedelta) else "dtend", end)
    if rule:
        made.add("rrule", rule)
    for name, days in (("rdate", extra), ("exdate", without)):
        if days:
            made.add(name, list(days))
    for name, value in more.items():
        made.add(name, value)
    calendar.add_component(made)


hours = timedelta(hours=2)
event("One, with a comma; and \\ more", at(spring, 0, 18, 30), hours, description="a\nb, c", location="Rua 1, 2")
event("In UTC", at(autumn, 3, 18).astimezone(timezone.utc), timedelta(minutes=90))
event("All day", spring - timedelta(days=1), spring + timedelta(days=2))
ends = at(spring, -21, 18, 30).astimezone(timezone.utc)
event("Weekly until", at(spring, 14, 18, 30), hours, {"freq": "weekly", "until": ends})
event("Weekly times", at(autumn, 14, 23), hours, {"freq": "weekly", "count": 4, "byday": autumn.strftime("%a")[:2]},
      without=[at(autumn, 7, 23)])
event("Monthly", at(date(2026, 1, 8), 0, 9, 15), hours, {"freq": "monthly", "byday": "2TH", "count": 12})
event("Yearly", at(date(2026, 6, 1), 0, 9), hours, {"freq": "yearly", "count": 3, "bymonth": 6})
event("Listed", at(spring, 10, 12), hours, extra=[at(spring, 3, 12), at(spring, -4, 20)])
calendar.add_missing_timezones()
with open(path, "wb") as file:
    file.write(calendar.to_ical())


def told(moment):
    return str(int(moment.timestamp())) if isinstance(moment, datetime) else moment.isoformat()


for one in recurring_ical_events.of(calendar).between((2025, 1, 1), (2029, 1, 1)):
    print(one["SUMMARY"], told(one["DTSTART"].dt), told(one["DTEND"].dt))

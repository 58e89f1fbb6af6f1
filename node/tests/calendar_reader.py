"""Prints when the events of a calendar are, as the packages icalendar and recurring-ical-events read it.

One line each: UID, start, end, status. With a second argument, every zone is renamed first, so that no zone data
of the reader's own can be used instead of what stands in the file.
"""

import sys
from datetime import datetime

import icalendar
import recurring_ical_events

text = open(sys.argv[1], encoding="utf-8", newline="").read()
if len(sys.argv) > 2:
    text = text.replace("TZID=", "TZID=Renamed-").replace("TZID:", "TZID:Renamed-")
calendar = icalendar.Calendar.from_ical(text)


def told(moment):
    return str(int(moment.timestamp())) if isinstance(moment, datetime) else moment.isoformat()


for event in recurring_ical_events.of(calendar).between((2025, 1, 1), (2029, 1, 1)):
    print(event["UID"], told(event["DTSTART"].dt), told(event["DTEND"].dt), event["STATUS"])

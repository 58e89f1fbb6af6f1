// Prints when the events of a calendar are, as the package ical.js reads it, which has no zone data of its own.
// One line each: UID, start, end, status.
const loaded = require("ical.js");
const ICAL = loaded.default ?? loaded;

const text = require("fs").readFileSync(process.argv[2], "utf8");
const calendar = new ICAL.Component(ICAL.parse(text));
const told = (time) => (time.isDate ? time.toString() : String(time.toUnixTime()));
const tell = (event, start, end) => {
  const status = event.component.getFirstPropertyValue("status");
  console.log(event.uid, told(start), told(end), status);
};
// A master finds its exceptions in the calendar around it.
const events = calendar.getAllSubcomponents("vevent").map((component) => new ICAL.Event(component));
for (const event of events.filter((event) => !event.isRecurrenceException())) {
  if (!event.isRecurring()) {
    tell(event, event.startDate, event.endDate);
    continue;
  }
  const times = event.iterator();
  for (let time = times.next(); time; time = times.next()) {
    const details = event.getOccurrenceDetails(time);
    tell(details.item, details.startDate, details.endDate);
  }
}

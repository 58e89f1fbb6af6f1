// A small world to look at: an organizer with a group, events of every kind, and a guest who follows them.
"use strict";
const { Network, until } = require("./lib.cjs");

const DAY = 24 * 60 * 60 * 1000;
/// A local start so many days from today.
const start = (days, hour = "18:30") => `${new Date(Date.now() + days * DAY).toISOString().slice(0, 10)}T${hour}`;

/// An organizer and a guest, both up and connected; the event has `capacity` seats.
async function evening({ capacity = 2, title = "Ferris and friends", guests = ["Ben"] } = {}) {
  const network = new Network();
  const ana = await network.person("Ana");
  const group = (await ana.cli("group", "create", "Lisbon Rust")).id;
  const event = (
    await ana.cli("event", "schedule", group, "--title", title, "--start", start(7), "--tz", "Europe/Lisbon",
      "--duration", "2h", "--where", "Café A Brasileira", "--capacity", String(capacity), "--about",
      "Short talks, long tables.\n\nhttps://example.org/talks", "--tag", "rust", "--cost", "free")
  ).id;
  await ana.up();
  const people = [];
  for (const name of guests) {
    const guest = await network.person(name);
    await guest.up();
    await guest.meets(ana);
    await until(`${name} holds the event`, () => guest.cli("event", "show", event).catch(() => null));
    people.push(guest);
  }
  return { network, ana, group, event, people };
}

/// An organizer, up, with an event, in the network that everybody is in who names none: where a first run begins.
async function everywhere() {
  const network = new Network();
  const ana = await network.person("Ana", { everywhere: true });
  const when = ["--start", start(7), "--tz", "Europe/Lisbon"];
  const event = (await ana.cli("event", "schedule", "--title", "Ferris and friends", ...when)).id;
  await ana.up();
  return { network, ana, event };
}

module.exports = { DAY, evening, everywhere, start };

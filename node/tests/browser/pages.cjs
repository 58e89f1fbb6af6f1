// Every page there is, as somebody would come to it, for what looks at all of them.
"use strict";
const { evening } = require("./world.cjs");

/// Name, whose, and path of each.
async function pages() {
  const world = await evening({ guests: ["Ben", "Cem", "Dana"], capacity: 2 });
  const { ana, event, group, people: [ben, cem, dana], network } = world;
  await ben.cli("rsvp", event, "yes");
  await cem.cli("rsvp", event, "yes", "--guests", "1");
  await dana.cli("rsvp", event, "maybe");
  await ben.cli("comment", event, "Is there a step at the door?");
  await ana.cli("event", "schedule", group, "--title", "Open table", "--start", "2031-02-06T19:00", "--tz", "Europe/Lisbon",
    "--repeat", "every 2 weeks on Thursday", "--where", "Rua do Norte 12");
  const nobody = await network.nobody("Eve").up();
  const empty = await (await network.person("Flo")).up();
  const list = [
    ["start", nobody, "/start"],
    ["home", ben, "/"],
    ["home-empty", empty, "/"],
    ["event", ben, `/event/${event}`],
    ["event-host", ana, `/event/${event}`],
    ["inbox", ben, "/inbox"],
    ["inbox-empty", empty, "/inbox"],
    ["people", ana, "/people"],
    ["people-empty", empty, "/people"],
    ["person", ana, `/person/${ben.feed}`],
    ["groups", ben, "/groups"],
    ["group", ana, `/group/${group}`],
    ["share", ana, `/share/${event}`],
    ["network", ana, "/network"],
    ["settings", ana, "/settings"],
    ["schedule", ana, "/schedule"],
    ["change", ana, `/event/${event}/change`],
    ["seats", ana, `/event/${event}/seats`],
    ["guests", ana, `/event/${event}/guests`],
    ["door", ana, `/event/${event}/door`],
    ["checkin", ben, "/checkin"],
    ["members", ana, `/group/${group}/people`],
    ["group-new", ana, "/groups/new"],
    ["nothing", ana, "/no/such/page"],
  ];
  return { ...world, list };
}

module.exports = { pages };

// Every page there is, as somebody would come to it, for what looks at all of them.
"use strict";
const { Stranger, fill, press, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

/// A pub that shows the group and its events to everybody.
async function shown({ network, ana, group }, events) {
  await ana.cli("group", "public", group);
  for (const event of events) await ana.cli("event", "update", event, "--public");
  const pub = await (await network.person("Rust Lisbon pub")).pub();
  await ana.cli("join", (await pub.cli("pub", "invite")).invite);
  await until("the pub can show the group", () => pub.cli("pub", "publish", group).catch(() => null));
  const reader = new Stranger(pub.ready.pages);
  for (const event of events) await until("a page shows it", async () => (await fetch(`${reader.base}/e/${event}`)).ok);
  return [reader, pub];
}

/// Name, whose, and path of each.
async function pages() {
  const world = await evening({ guests: ["Ben", "Cem", "Dana"], capacity: 2 });
  const { ana, event, group, people: [ben, cem, dana], network } = world;
  await ben.cli("rsvp", event, "yes");
  await cem.cli("rsvp", event, "yes", "--guests", "1");
  await dana.cli("rsvp", event, "maybe");
  await ben.cli("comment", event, "Is there a step at the door?");
  const series = await ana.cli("event", "schedule", group, "--title", "Open table", "--start", "2031-02-06T19:00", "--tz", "Europe/Lisbon",
    "--repeat", "every 2 weeks on Thursday", "--where", "Rua do Norte 12");
  const [reader, pub] = await shown(world, [event, series.id]);
  await ana.keeps("door", event);
  const poll = (
    await ana.cli("poll", "create", group, "--question", "Second pot?", "--tz", "Europe/Lisbon", "--option", "2031-03-06T19:00", "--option", "2031-03-07T19:00")
  ).id;
  await ana.cli("poll", "vote", poll, "2");
  // What is off, what is hidden, what is over, and somebody whose log may be behind.
  const off = (await ana.cli("event", "schedule", group, "--title", "Rained off", "--start", "2031-03-01T19:00", "--tz", "Europe/Lisbon")).id;
  await ana.cli("event", "cancel", off, "--reason", "The roof leaks");
  const advert = (await cem.cli("comment", event, "Buy my kettles!")).id;
  await until("the advert comes", () => ana.cli("event", "hide", event, advert, "--reason", "no adverts").catch(() => null));
  const veiled = (await ana.cli("event", "schedule", group, "--title", "Kettles for sale", "--start", "2031-03-08T19:00", "--tz", "Europe/Lisbon")).id;
  const words = (await ana.cli("event", "update", veiled, "--title", "Kettles, half the price")).id;
  await ana.cli("event", "hide", veiled, words, "--reason", "no adverts");
  const gil = await network.person("Gil");
  const unheard = await gil.cli("event", "schedule", "--title", "Solo", "--start", "2031-03-01T19:00", "--tz", "UTC");
  await gil.cli("backup", `${gil.home}.backup`);
  const back = network.nobody("back");
  await back.cli("restore", `${gil.home}.backup`);
  await Object.assign(back, { feed: gil.feed }).up();
  const nobody = await network.nobody("Eve").up();
  const empty = await (await network.person("Flo")).up();
  const ida = await network.nobody("Ida").up();
  const first = await ida.look({ path: "/start" });
  await fill(first, { name: "Ida" });
  await press(first, 'form[action="/start/name"] button');
  // An owner who is called silent, and somebody whose role was taken and who wrote something since.
  const club = (await ana.cli("group", "create", "Night owls", "--silence-members", "2", "--owner", ben.feed)).id;
  await ana.cli("group", "silent", club, ben.feed, "--heir", cem.feed);
  await ana.cli("event", "grant", event, dana.feed, "organizer");
  await ana.cli("event", "revoke", event, dana.feed);
  await dana.cli("comment", event, "I can bring chairs");
  await until("what Dana wrote is here", async () => (await ana.cli("log", dana.feed)).some(({ what }) => what.includes("chairs")));
  await ana.cli("event", "update", event, "--about", "Short talks, long tables, new chairs.\n\nhttps://example.org/talks");
  await ana.cli("event", "update", series.id, "--except", "2031-03-06");
  const own = (await ben.cli("comment", event, "See you there!")).id;
  const talk = (await ana.cli("comment", group, "Who brings the kettle?")).id;
  const list = [
    ["start", nobody, "/start"],
    ["start-back", nobody, "/start/back"],
    ["start-restore", nobody, "/start/restore"],
    ["start-words", ida, "/start/words"],
    ["home", ben, "/"],
    ["home-empty", empty, "/"],
    ["event", ben, `/event/${event}`],
    ["event-host", ana, `/event/${event}`],
    ["event-waiting", cem, `/event/${event}`],
    ["event-cancelled", ben, `/event/${off}`],
    ["event-hidden", ana, `/event/${veiled}`],
    ["said", ana, `/event/${event}/said/${advert}`],
    ["said-own", ben, `/event/${event}/said/${own}`],
    ["said-group", ana, `/group/${group}/said/${talk}`],
    ["updates", ana, `/event/${event}/changes`],
    ["endorse", ana, `/event/${event}/endorse/${dana.feed}`],
    ["endorse-group", ana, `/group/${group}/endorse/${dana.feed}`],
    ["silence", ana, `/group/${club}/silence`],
    ["silence-of-me", ben, `/group/${club}/silence`],
    ["series", ana, `/event/${series.id}`],
    ["series-change", ana, `/event/${series.id}/change`],
    ["pub", pub, "/pub"],
    ["coming", ana, `/object/${unheard.id}`],
    ["attendance", ana, `/event/${event}/attendance`],
    ["records", ana, `/group/${group}/attendance`],
    ["recovering-home", back, "/"],
    ["recovering-network", back, "/network"],
    ["groups-empty", empty, "/groups"],
    ["inbox", ben, "/inbox"],
    ["inbox-empty", empty, "/inbox"],
    ["people", ana, "/people"],
    ["people-empty", empty, "/people"],
    ["person", ana, `/person/${ben.feed}`],
    ["groups", ben, "/groups"],
    ["group", ana, `/group/${group}`],
    ["poll", ana, `/poll/${poll}`],
    ["poll-new", ana, `/group/${group}/poll`],
    ["share", ana, `/share/${event}`],
    ["network", ana, "/network"],
    ["settings", ana, "/settings"],
    ["schedule", ana, "/schedule"],
    ["change", ana, `/event/${event}/change`],
    ["seats", ana, `/event/${event}/seats`],
    ["guests", ana, `/event/${event}/guests`],
    ["door", ana, `/event/${event}/door`],
    ["door-closed", ana, `/event/${series.id}/door?on=2031-02-06`],
    ["door-which", ana, `/event/${series.id}/door`],
    ["cancel", ana, `/event/${event}/cancel`],
    ["checkin", ben, "/checkin"],
    ["checkin-event", ben, `/checkin?event=${event}`],
    ["members", ana, `/group/${group}/people`],
    ["group-new", ana, "/groups/new"],
    ["nothing", ana, "/no/such/page"],
    ["public-front", reader, "/"],
    ["public-group", reader, `/g/${group}`],
    ["public-event", reader, `/e/${event}`],
    ["public-date", reader, `/e/${series.id}?on=2031-02-20`],
  ];
  return { ...world, list };
}

module.exports = { pages };

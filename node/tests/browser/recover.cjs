// An empty machine and the words on paper: the name, the log and the answers come back from who holds them, and nothing is
// posted before.
"use strict";
const { check, fill, journey, press, says, until } = require("./lib.cjs");
const { everywhere } = require("./world.cjs");

journey(async () => {
  const { network, ana, event } = await everywhere();
  const ben = await network.person("Ben", { everywhere: true });
  await ben.up();
  await ben.meets(ana);
  await until("Ben holds the event", () => ben.cli("event", "show", event).catch(() => null));
  await ben.cli("rsvp", event, "yes");
  await until("Ben has a seat", async () => (await ben.cli("event", "show", event)).seated.length === 1);
  const before = await ben.cli("id");
  await ben.down();

  const again = await network.nobody("again").up("--settle-ms", "1000");
  const page = await again.look();
  await press(page, 'a[href="/start/back"]');
  await fill(page, { words: "not the words at all" });
  await press(page, 'form[action="/start/back"] button.strong');
  check((await page.$$('[role="alert"]')).length > 0, "what are no words is refused");
  await fill(page, { words: ben.words });
  await press(page, 'form[action="/start/back"] button.strong');
  await until("the pages for whoever has an identity", () => page.$("nav.ways"));
  check((await again.cli("id")).feed === before.feed, "it is the same person");
  check((await again.cli("recover")).posting === "recovering", "nothing is posted before the log is complete");

  await again.cli("follow", ana.feed);
  await again.cli("peer", "add", `${ana.feed}@${ana.ready.listen[0]}`);
  await until("the own log is back", async () => (await again.cli("id")).entries >= before.entries);
  await page.at(`/event/${event}`);
  await says(page, "Ferris and friends");
  await says(page, "You have a seat");
  check(page.ran.length === 0, page.ran.join("; "));
});

// A guest says yes; both pages show it without being loaded again. One seat: who comes second waits, sees that they do, and
// moves up when the first says no.
"use strict";
const { check, hold, journey, press, says, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

journey(async () => {
  const { ana, event, people: [ben, cem] } = await evening({ capacity: 1, guests: ["Ben", "Cem"] });
  const host = await ana.look({ path: `/event/${event}` });
  await says(host, "Ferris and friends");
  await host.evaluate(() => { window.loadedOnce = true; });

  const guest = await ben.look();
  await says(guest, "Ferris and friends"); // What is on, on the first page.
  await press(guest, `a[href^="/event/${event}"]`);
  // The seat comes after the page was made and before it listens: it is shown nevertheless.
  const listen = await hold(guest, "/live");
  await press(guest, 'button[name="answer"][value="yes"]');
  await until("Ben's seat", async () => (await ben.cli("event", "show", event)).seated.length === 1);
  await listen();
  await says(guest, "You have a seat");
  await says(host, "Ben");

  const second = await cem.look({ path: `/event/${event}` });
  await press(second, 'button[name="answer"][value="yes"]');
  await says(second, "waiting");
  await second.evaluate(() => { window.loadedOnce = true; });
  await says(host, "Cem");

  await press(guest, 'button[name="answer"][value="no"]');
  await says(second, "You have a seat");
  for (const page of [host, second]) {
    check(await page.evaluate(() => window.loadedOnce === true), "the page came up to date without being loaded again");
    check(page.ran.length === 0, page.ran.join("; "));
  }
});

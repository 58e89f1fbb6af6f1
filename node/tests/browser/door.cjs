// At the door: the host opens it and their page shows a code, the guest's page answers it, and the host's list fills without being loaded
// again; a second time at the same door says so.
"use strict";
const { check, fill, journey, press, says, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

journey(async () => {
  const { ana, event, people: [ben, cem] } = await evening({ capacity: 4, guests: ["Ben", "Cem"] });
  await ben.cli("rsvp", event, "yes");
  await until("Ben has a seat", async () => (await ben.cli("event", "show", event)).seated.length === 1);
  const door = await ana.look({ width: 360, scheme: "dark", path: `/event/${event}` });
  await press(door, `form[action="/event/${event}/door/open"] button`);
  await door.evaluate(() => { window.loadedOnce = true; });
  const code = () => door.$eval('[data-live="code"] .line', (line) => line.textContent.trim());
  check((await code()).startsWith("klatch:door/1/"), await code());

  // Ben's node reaches the door by itself; Cem shows an answer, which the host takes.
  const guest = await ben.look({ width: 360, path: `/checkin?event=${event}` });
  await fill(guest, { code: await code() });
  await press(guest, 'button[name="how"][value="go"]');
  await says(guest, "You are in");
  await says(door, "Ben");
  check(await door.evaluate(() => window.loadedOnce === true), "the list came up to date without being loaded again");

  const other = await cem.look({ width: 360, path: `/checkin?event=${event}` });
  await fill(other, { code: await code() });
  await press(other, 'button[name="how"][value="show"]');
  const answer = await other.$eval(".qrbox .line", (line) => line.textContent.trim());
  await fill(door, { code: answer });
  await press(door, `form[action="/event/${event}/door/scan"] button`);
  await says(door, "Cem");
  await says(other, "You are in");
  const attended = (await ana.cli("event", "show", event)).attendance;
  check(JSON.stringify(attended).includes(cem.feed) && JSON.stringify(attended).includes(ben.feed), JSON.stringify(attended));
  check([...door.ran, ...guest.ran, ...other.ran].length === 0, [...door.ran, ...guest.ran, ...other.ran].join("; "));
});

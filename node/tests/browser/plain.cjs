// With scripting off: answer, change one's mind, take guests along, comment, reply, read the inbox.
"use strict";
const { check, fill, journey, press, says, text_of, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

journey(async () => {
  const { ana, event, people: [ben] } = await evening({ capacity: 4 });
  const guest = await ben.look({ scripts: false });
  const seen = (page, text) =>
    until(`${JSON.stringify(text)} on ${page.url()}`, async () => {
      if ((await text_of(page)).includes(text)) return true;
      await page.reload();
      return false;
    });
  await seen(guest, "Ferris and friends");
  await press(guest, `a[href^="/event/${event}"]`);
  await press(guest, 'button[name="answer"][value="maybe"]');
  await seen(guest, "maybe");
  await press(guest, 'button[name="answer"][value="yes"]');
  await seen(guest, "You have a seat");

  await fill(guest, { text: "Is there a step at the door?" });
  await press(guest, "#say button");
  await seen(guest, "Is there a step at the door?");
  const host = await ana.look({ scripts: false, path: `/event/${event}` });
  await seen(host, "Is there a step at the door?");
  await press(host, 'a[href*="reply="]');
  await fill(host, { text: "One, and a ramp." });
  await press(host, "#say button");
  await seen(guest, "One, and a ramp.");
  await guest.at("/inbox");
  await seen(guest, "Ferris and friends");

  // What is refused keeps what was typed.
  await guest.at(`/event/${event}`);
  await fill(guest, { text: "x".repeat(20_000) });
  await press(guest, "#say button");
  check((await guest.$eval("#text", (field) => field.value.length)) === 20_000, "what was typed is kept");
  check((await guest.$$('[role="alert"]')).length > 0, "what was wrong is said");
});

// The organizer founds a group, schedules, changes and announces on the page, with scripting off; a guest sees each of it.
"use strict";
const { check, fill, journey, press, text_of, until } = require("./lib.cjs");
const { evening, start } = require("./world.cjs");

journey(async () => {
  const { ana, people: [ben] } = await evening();
  const host = await ana.look({ scripts: false, path: "/groups/new" });
  const guest = await ben.look({ scripts: false });
  const seen = (page, path, text) =>
    until(`${JSON.stringify(text)} on ${path}`, async () => {
      await page.at(path);
      return (await text_of(page)).includes(text);
    });
  await fill(host, { name: "Tea and types" });
  await press(host, "main form button.strong");
  await seen(host, "/groups", "Tea and types");

  await host.at("/schedule");
  const [date, time] = start(9, "19:15").split("T");
  // A date that is none is refused at its field, and the rest stays.
  await fill(host, { title: "A pot of oolong", date: "2026-02-31", time, zone: "Europe/Lisbon", place: "Rua do Norte 12", capacity: "3" });
  await host.$eval('[name="date"]', (field) => { field.type = "text"; field.value = "2026-02-31"; });
  await press(host, 'form[action="/schedule"] button.strong');
  check((await host.$eval('[name="title"]', (field) => field.value)) === "A pot of oolong", "what was typed is kept");
  await fill(host, { date });
  await press(host, 'form[action="/schedule"] button.strong');
  const path = new URL(host.url()).pathname;
  check(/^\/event\/entry1/.test(path), `it leads to the event: ${path}`);
  await seen(guest, "/", "A pot of oolong");

  await host.at(`${path}/change`);
  await fill(host, { place: "Rua da Rosa 3" });
  await press(host, `form[action="${path}/change"] button.strong`);
  await seen(guest, path, "Rua da Rosa 3");
  await host.at(`${path}/change`);
  await fill(host, { text: "Bring your own cup." });
  await press(host, `form[action="${path}/announce"] button`);
  await seen(guest, path, "Bring your own cup.");
  check((await guest.at(`${path}/change`)).status() === 403, "a guest changes nothing");

  await host.at(`${path}/cancel`);
  await fill(host, { reason: "The kettle broke" });
  await press(host, `form[action="${path}/cancel"] button.danger, form[action="${path}/cancel"] button.strong`);
  await seen(guest, path, "Cancelled");
});

// A guest holds a phone before the door's screen, and is in; a door scans what a guest's screen shows; somebody scans an id. Without
// script a picture does the same. Chromium's camera sees a film of what the other screen really shows.
"use strict";
const fs = require("fs");
const path = require("path");
const { camera, check, fill, film, journey, press, says, text_of, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

journey(async () => {
  const { network, ana, event, people: [ben, cem] } = await evening({ capacity: 4, guests: ["Ben", "Cem"] });
  const eye = path.join(network.folder, "camera.y4m");
  camera(eye);
  const see = async (page) => fs.writeFileSync(eye, await film(page));
  await ben.cli("rsvp", event, "yes");
  await until("Ben has a seat", async () => (await ben.cli("event", "show", event)).seated.length === 1);
  const door = await ana.look({ width: 360, scheme: "dark", path: `/event/${event}/door` });
  await press(door, `form[action="/event/${event}/door/open"] button`);
  await door.evaluate(() => { window.loadedOnce = true; });
  const stopped = (page) => page.$eval('[data-part="video"]', (video) => video.srcObject === null);

  // Ben's camera sees the door's screen: one tap, and he is in.
  const guest = await ben.look({ width: 360, path: "/checkin" });
  await see(door);
  await Promise.all([guest.waitForNavigation(), guest.click('[data-part="start"]')]);
  await says(guest, "You are in");
  await says(door, "Ben");
  check(await door.evaluate(() => window.loadedOnce === true), "the door came up to date without being loaded again");

  // The other way round: Cem shows an answer, and the door's camera takes it. Then it looks for the next guest, and the
  // same answer, still held before it, is not taken for another.
  const other = await cem.look({ width: 360, path: "/checkin" });
  await fill(other, { code: await door.$eval('[data-live="code"] .line', (line) => line.textContent.trim()) });
  await press(other, 'button[name="how"][value="show"]');
  await see(other);
  await Promise.all([door.waitForNavigation(), door.click('[data-part="start"]')]);
  await says(door, "Cem");
  check((await door.$(".verdict.good")) !== null, await text_of(door));
  await until("the camera looks again by itself", async () => !(await stopped(door)));
  await door.evaluate(() => { window.loadedOnce = true; });
  await door.waitForResponse((answer) => answer.url().endsWith("/scan") && answer.status() === 200);
  await door.click('[data-part="stop"]');
  check((await stopped(door)) && (await door.evaluate(() => window.loadedOnce === true)), "one answer was sent once");

  // People: an id is filled in, and nobody is followed before that is said.
  const mine = await ana.look({ path: "/people" });
  await see(mine);
  const people = await ben.look({ path: "/people" });
  await people.click('[data-part="start"]');
  await until("Ana's id", () => people.$eval("#text", (field) => field.value.startsWith("feed1")));
  check((await people.$eval("#text", (field) => field.value)) === ana.feed, "the id is Ana's");
  check(await stopped(people), "the camera is off once a code was read");

  // Where nothing is to be seen it goes on looking, until it is stopped.
  fs.writeFileSync(eye, (await film(mine)).fill(128, 60));
  await people.click('[data-part="start"]');
  await until("the camera is on", async () => !(await stopped(people)));
  await people.click('[data-part="stop"]');
  check(await stopped(people), "the camera is off when that is asked");

  // Without script: a picture of the screen, as a phone takes it.
  const shot = path.join(network.folder, "door.png");
  await door.reload();
  await door.screenshot({ path: shot, fullPage: true });
  const dana = await (await network.person("Dana")).up();
  const plain = await dana.look({ scripts: false, path: "/checkin" });
  check(await plain.$eval('[data-part="start"]', (button) => button.hidden), "no button that does nothing");
  await plain.$eval(".scanner details", (details) => { details.open = true; });
  await (await plain.$("#picture")).uploadFile(shot);
  await press(plain, '.scanner form button');
  check((await text_of(plain)).includes("The code was read."), await text_of(plain));
  check((await plain.$eval("#code", (field) => field.value)).startsWith("klatch:door/1/"), "the code is in its field");
  const ran = [door, guest, other, mine, people].flatMap((page) => page.ran);
  check(ran.length === 0, ran.join("; "));
});

// Two hosts, each with the door open on a machine of their own: who is let in at one stands on the other's page a moment later,
// with who let them in; and who is scanned there again is told to be in since when, and by whom.
"use strict";
const { check, fill, journey, press, says, text_of, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

journey(async () => {
  const { ana, event, people: [dana, ben] } = await evening({ capacity: 4, guests: ["Dana", "Ben"] });
  await ana.cli("event", "grant", event, dana.feed, "door");
  await ben.meets(dana);
  await ben.cli("rsvp", event, "yes");
  await until("Ben has a seat", async () => (await dana.cli("event", "show", event)).seated.length === 1);
  const [first, second] = [await ana.look({ scheme: "dark", path: `/event/${event}/door` }), await until("Dana's role", async () => {
    const page = await dana.look({ width: 360, scheme: "dark", path: `/event/${event}/door` });
    return (await page.$('form[action$="/door/open"]')) ? page : (await page.leave(), null);
  })];
  for (const page of [first, second]) {
    await press(page, `form[action="/event/${event}/door/open"] button`);
    await says(page, "0 of 1 here");
    await page.evaluate(() => { window.loadedOnce = true; });
  }
  const code = (page) => page.$eval('[data-live="code"] .line', (line) => line.textContent.trim());
  check((await code(first)).split("/")[3] !== (await code(second)).split("/")[3], "each door has its own code");

  // Ben stood in the other queue first: an answer to Dana's door is on the screen. Then Ana's door lets him in.
  const guest = await ben.look({ width: 360, path: `/checkin?event=${event}` });
  await fill(guest, { code: await code(second) });
  await press(guest, 'button[name="how"][value="show"]');
  const answer = await guest.$eval(".qrbox .line", (line) => line.textContent.trim());
  await fill(guest, { code: await code(first) });
  await press(guest, 'button[name="how"][value="go"]');
  await says(guest, "You are in");

  for (const page of [first, second]) {
    await says(page, "1 of 1 here");
    await says(page, "let in by");
    const list = await page.$eval('[data-live="list"]', (list) => list.innerText.replace(/\s+/g, " "));
    check(/Here \(1\).*Ben.*In since .*\d\d:\d\d.*let in by \W*Ana/.test(list), `who let Ben in: ${list}`);
    check(await page.evaluate(() => window.loadedOnce === true), "the other door's word came without a reload");
  }

  await fill(second, { code: answer });
  await press(second, `form[action="/event/${event}/door/scan"] button`);
  const verdict = await second.$eval(".verdict.wait", (verdict) => verdict.innerText.replace(/\s+/g, " ")).catch(async () => text_of(second));
  check(/Ben.*Already in\..*In since .*\d\d:\d\d.*let in by \W*Ana/.test(verdict), `the second scan: ${verdict}`);
  const attendance = (await dana.cli("event", "show", event)).attendance;
  check(attendance.length === 1, `Ben counts once: ${JSON.stringify(attendance)}`);
  check([...first.ran, ...second.ran, ...guest.ran].length === 0, [...first.ran, ...second.ran, ...guest.ran].join("; "));
});

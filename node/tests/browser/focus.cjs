// While somebody works on a list by the keyboard, it changes under their hands: the focus stays with the person whom it was at, or
// goes to the heading above once they are gone; what is typed beside a person stays, and what is folded away stays so.
"use strict";
const { check, fill, journey, press, says, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

/// Whose item of a list has the focus, and what of it.
const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    return { who: at.closest("li")?.id ?? null, value: at.value ?? null, tag: at.localName, text: at.innerText ?? "" };
  });

journey(async () => {
  const { ana, event, people: [ben, cem, dana] } = await evening({ capacity: 2, guests: ["Ben", "Cem", "Dana"] });
  const seats = async () => (await ana.cli("event", "show", event));
  for (const guest of [ben, cem, dana]) {
    await guest.cli("rsvp", event, "yes");
    await until(`${guest.name} is ranked`, async () => {
      const { seated, waiting } = await seats();
      return [...seated, ...waiting].some(({ feed }) => feed === guest.feed);
    });
  }
  const host = await ana.look({ path: `/event/${event}/seats` });
  await says(host, "Wait (1)");
  await host.evaluate(() => { window.loadedOnce = true; });

  // Ben goes: Cem's seat is the first now, and Dana goes from one list to the other. Both keep who they are.
  const give_up = (guest) => `li[id="${guest.feed}"] button[value="release"]`;
  await host.focus(give_up(cem));
  await ben.cli("rsvp", event, "no");
  await host.waitForFunction((feed) => !document.getElementById(feed), {}, ben.feed);
  await says(host, "Have a seat (2)");
  let now = await focused(host);
  check(now.who === cem.feed && now.value === "release", `the focus is at Cem's button: ${JSON.stringify(now)}`);
  await host.focus(give_up(dana));
  await ben.cli("rsvp", event, "yes");
  await says(host, "Wait (1)");
  now = await focused(host);
  check(now.who === dana.feed && now.value === "release", `the focus is at Dana's button: ${JSON.stringify(now)}`);
  await dana.cli("rsvp", event, "no");
  await host.waitForFunction((feed) => !document.getElementById(feed), {}, dana.feed);
  await says(host, "Have a seat (2)");
  now = await focused(host);
  check(/^h[123]$/.test(now.tag) && now.text.startsWith("Have a seat"), `the focus is at a heading: ${JSON.stringify(now)}`);
  check(await host.evaluate(() => window.loadedOnce === true), "all that without being loaded again");

  // At the door: a number is typed beside Ben, and Cem's fold is closed, while Cem comes in.
  const door = await ana.look({ path: `/event/${event}/door` });
  await press(door, `form[action="/event/${event}/door/open"] button`);
  await door.evaluate(() => { window.loadedOnce = true; });
  const code = () => door.$eval('[data-live="code"] .line', (line) => line.textContent.trim());
  const comes = async (guest) => {
    const page = await guest.look({ path: `/checkin?event=${event}` });
    await fill(page, { code: await code() });
    await press(page, 'button[name="how"][value="go"]');
    await says(page, "You are in");
    await page.leave();
  };
  await comes(ben);
  await says(door, "Here (1)");
  const item = await door.waitForFunction(() => document.querySelector('[data-live="list"] input[name="persons"]')?.closest("li"));
  await (await item.$("summary")).click();
  await (await item.$('input[name="persons"]')).type("7", { delay: 0 });
  await comes(cem);
  await says(door, "Here (2)");
  const typed = await door.$$eval('[data-live="list"] li:has(input[name="persons"])', (all) =>
    all.map((li) => [li.querySelector(".who").innerText.trim(), li.querySelector("details").open, li.querySelector('input[name="persons"]').value]));
  const [mine, other] = ["Ben", "Cem"].map((name) => typed.find(([who]) => who.includes(name)));
  check(mine?.[1] === true && mine[2].includes("7"), `what was typed beside Ben stays: ${JSON.stringify(typed)}`);
  check(other?.[1] === false && other[2] === "1", `nothing of it went to Cem: ${JSON.stringify(typed)}`);
  check(await door.evaluate(() => window.loadedOnce === true && document.activeElement.name === "persons"), "the cursor stays");

  // What is typed goes deeper into the page, into a list that it stood after: the rest of the page goes on.
  await door.evaluate(() => {
    const li = document.querySelector('[data-live="list"] li:has(input[name="persons"])');
    li.querySelector('input[name="persons"]').value = "5";
    li.parentNode.after(li);
  });
  await door.$eval("#news", (news) => { news.textContent = ""; });
  await ben.cli("comment", event, "Here I am");
  await door.waitForFunction(() => document.getElementById("news").textContent !== "");
  const back = await door.$$eval('[data-live="list"] li input[name="persons"]', (all) => all.map((input) => [input.value, input.closest("li").parentNode.localName]));
  check(back.length === 2 && back.every(([, parent]) => parent === "ul") && back.some(([value]) => value === "5"), `it went there: ${JSON.stringify(back)}`);

  // The door is closed elsewhere: its code stands on no open page any more.
  const elsewhere = await ana.look({ path: `/event/${event}/door` });
  await press(elsewhere, `form[action="/event/${event}/door/close"] button`);
  await says(door, "The door is closed");
  check(!(await door.content()).includes("klatch:door/1/"), "the code is gone");
  check([...host.ran, ...door.ran].length === 0, [...host.ran, ...door.ran].join("; "));
});

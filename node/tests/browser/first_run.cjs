// An empty home: a name, the words, reading some of them back, a line that somebody shared, and the first event is seen.
"use strict";
const { check, fill, journey, press, says, text_of, until } = require("./lib.cjs");
const { everywhere } = require("./world.cjs");

journey(async () => {
  const { network, ana, event } = await everywhere();
  const shared = (await ana.cli("event", "share", event)).line;

  const eve = await network.nobody("Eve").up();
  const page = await eve.look();
  await fill(page, { name: "" });
  await page.$eval("form", (form) => { form.noValidate = true; });
  await press(page, "form button.strong");
  check((await page.$$('[role="alert"]')).length > 0, "an empty name is refused");
  await fill(page, { name: "Eve" });
  await press(page, "form button.strong");
  const words = await page.$$eval("ol.sheet strong", (all) => all.map((word) => word.textContent));
  check(words.length === 24 && new Set(words).size > 15, `24 words are shown: ${words.length}`);
  check(!page.url().includes(words[0]), "no word is in an address");
  const asked = await page.$$eval('input[name^="word"]', (fields) => fields.map((field) => field.name));
  await fill(page, Object.fromEntries(asked.map((name) => [name, "wrong"])));
  await press(page, 'form[action="/start/words"] button.strong');
  check((await page.$$('[role="alert"]')).length > 0, "wrong words are refused");
  await fill(page, Object.fromEntries(asked.map((name) => [name, words[Number(name.slice(4)) - 1]])));
  await press(page, 'form[action="/start/words"] button.strong');
  await until("the pages for whoever has an identity", () => page.$("nav.ways"));
  check(!(await text_of(page)).includes(words.slice(0, 3).join(" ")), "the words are gone");

  // The host is away for a moment: the page waits, and leads on to what it waited for.
  const [address] = ana.ready.listen;
  await ana.down();
  if (!page.url().includes("/people")) await page.at("/people");
  await fill(page, { text: shared });
  await press(page, 'form[action="/people/paste"] button');
  await says(page, "It is on its way");
  await ana.start("up", "--listen", address);
  await says(page, "Ferris and friends");
  await until("the page of what came, at its own address", () => page.url().includes(`/event/${event}`));
  await page.at("/");
  await says(page, "Ferris and friends");
  check(page.ran.length === 0, page.ran.join("; "));
  const log = await eve.cli("log");
  check(log.length >= 2, "a log began");
});

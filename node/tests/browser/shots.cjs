// A picture of every page at 360 and 1280 px, light and dark, and in German, into the folder KLATCH_SHOTS; without one the pages
// are only looked at: none is wider than a phone, and what leads from page to page stands on one line where there is room.
"use strict";
const fs = require("fs");
const path = require("path");
const { check, journey } = require("./lib.cjs");
const { pages } = require("./pages.cjs");

journey(async () => {
  const folder = process.env.KLATCH_SHOTS;
  if (folder) fs.mkdirSync(folder, { recursive: true });
  const { list } = await pages();
  const wide = [];
  const more = folder ? [[1280, "light", "en"], [360, "dark", "en"], [1280, "dark", "en"], [360, "light", "de"]] : [];
  for (const [width, scheme, language] of [[360, "light", "en"], [1280, "light", "de"], ...more]) {
    const looks = new Map();
    for (const [name, person, at] of list) {
      if (!looks.has(person)) looks.set(person, await person.look({ scheme, width, language }));
      const page = looks.get(person);
      await page.at(at);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wide.push(`${name} is ${over} px wider than ${width}`);
      const lines = await page.$$eval(".ways .way", (ways) => new Set(ways.map((way) => way.getBoundingClientRect().height)).size);
      if (width === 1280 && lines > 1) wide.push(`${name}: the way to a page takes two lines in ${language}`);
      if (folder) await page.screenshot({ path: path.join(folder, `${name}-${width}-${scheme}-${language}.png`), fullPage: true });
    }
    for (const page of looks.values()) await page.leave();
  }
  check(wide.length === 0, wide.join("\n"));
});

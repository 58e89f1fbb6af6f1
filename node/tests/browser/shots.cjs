// A picture of every page at 360 and 1280 px, light and dark, into the folder KLATCH_SHOTS; without one the pages are only
// looked at: none is wider than a phone.
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
  for (const [width, scheme] of [[360, "light"], [1280, "light"], ...(folder ? [[360, "dark"], [1280, "dark"]] : [])]) {
    const looks = new Map();
    for (const [name, person, at] of list) {
      if (!looks.has(person)) looks.set(person, await person.look({ scheme, width }));
      const page = looks.get(person);
      await page.at(at);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wide.push(`${name} is ${over} px wider than ${width}`);
      if (folder) await page.screenshot({ path: path.join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
    for (const page of looks.values()) await page.leave();
  }
  check(wide.length === 0, wide.join("\n"));
});

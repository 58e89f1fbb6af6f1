// axe-core on every page, light and dark, in both languages: nothing serious or critical.
"use strict";
const fs = require("fs");
const { check, journey } = require("./lib.cjs");
const { pages } = require("./pages.cjs");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

journey(async () => {
  const { list } = await pages();
  const found = [];
  for (const scheme of ["light", "dark"]) {
    for (const language of ["en", "de"]) {
      const looks = new Map();
      for (const [name, person, path] of list) {
        if (!looks.has(person)) looks.set(person, await person.look({ scheme, language, width: language === "de" ? 360 : 1280 }));
        const page = looks.get(person);
        const answer = await page.at(path);
        check(answer.status() === (name === "nothing" ? 404 : 200), `${path}: ${answer.status()}`);
        const told = await page.$eval("html", (html) => html.lang);
        check(told === language, `${name} is in ${told}`);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        for (const violation of violations.filter(({ impact }) => impact === "serious" || impact === "critical")) {
          for (const node of violation.nodes.slice(0, 2)) found.push(`${name} (${scheme}, ${language}): ${violation.id}: ${node.target}: ${node.failureSummary.replace(/\s+/g, " ")}`);
        }
        if (page.ran.length > 0) found.push(`${name}: ${page.ran.splice(0).join("; ")}`);
      }
      for (const page of looks.values()) await page.leave();
    }
  }
  check(found.length === 0, found.join("\n"));
});

// From the first page to an answer and a comment by the keyboard alone; where the focus is can always be seen.
"use strict";
const { check, journey, says, until } = require("./lib.cjs");
const { evening } = require("./world.cjs");

/// Presses Tab until the focus is on what `selector` names; everything passed on the way must show its focus.
async function tab_to(page, selector) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate((selector) => {
      const focused = document.activeElement;
      const style = getComputedStyle(focused);
      const is_seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      return { there: focused.matches(selector), seen: is_seen || style.boxShadow !== "none", what: focused.outerHTML.slice(0, 90) };
    }, selector);
    check(now.seen || now.what.startsWith("<body"), `the focus cannot be seen on ${now.what}`);
    if (now.there) return;
  }
  throw new Error(`no key leads to ${selector} on ${page.url()}`);
}

journey(async () => {
  const { event, people: [ben] } = await evening();
  const page = await ben.look();
  await says(page, "Ferris and friends");
  await page.keyboard.press("Tab");
  check(await page.evaluate(() => document.activeElement.matches("a.skip")), "the first key leads past the frame");
  await tab_to(page, `a[href^="/event/${event}"]`);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await tab_to(page, 'button[name="answer"][value="yes"]');
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Space")]);
  await says(page, "You have a seat");
  await tab_to(page, "#text");
  await page.keyboard.type("See you there");
  await tab_to(page, "#say button");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await says(page, "See you there");
  await until("what was said is announced", () => page.$('[role="status"]'));
});

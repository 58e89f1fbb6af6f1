// A node is started again while its page is open: the page says what to do, and goes on once its person has entered anew. And
// while too many pages listen, one more asks again instead of staying as it was.
"use strict";
const http = require("http");
const { Network, check, journey, says, until } = require("./lib.cjs");

/// Streams of the page's node, as other open pages hold them.
const listen = async (page, many) => {
  const cookie = (await page.browserContext().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const open = () =>
    new Promise((done, fail) => {
      const request = http.get(`${page.base}/live`, { headers: { cookie }, agent: false }, (answer) => {
        answer.on("error", () => {}); // The node ends before its streams do.
        answer.resume();
        done({ request, status: answer.statusCode });
      });
      request.on("error", fail);
    });
  const opened = [];
  while (opened.length < many) opened.push(await open());
  return opened;
};

journey(async () => {
  const network = new Network();
  const ana = await network.person("Ana");
  await ana.up();
  const page = await ana.look();
  await says(page, "Nothing here yet");
  await page.evaluate(() => { window.loadedOnce = true; });
  const schedules = (title) =>
    ana.cli("event", "schedule", "--title", title, "--start", "2037-12-01T18:30", "--tz", "UTC");

  const address = new URL(page.base).host;
  await ana.down();
  await ana.up("--web", address);
  await schedules("While nobody knew");
  await says(page, "klatch page --open");
  check(await page.$eval("#news", (news) => news.getBoundingClientRect().height > 20), "it stands there to be seen");
  const other = await page.browserContext().newPage();
  await other.goto((await ana.cli("page")).page);
  await until("the way in", () => !other.url().includes("/enter/"));
  await other.close();
  await page.bringToFront();
  await says(page, "While nobody knew");
  await page.waitForFunction(() => !document.body.innerText.includes("klatch page --open"));

  // Others take all streams as soon as this page lets its own go.
  await page.goto(`${page.base}/assets/nothing`);
  let held = [];
  await until("all streams are taken", async () => {
    held.push(...(await listen(page, 1)));
    return held.at(-1).status === 503;
  });
  await page.goto(`${page.base}/`);
  await page.evaluate(() => { window.loadedOnce = true; });
  await schedules("While all listened");
  await says(page, "While all listened");
  held.forEach(({ request }) => request.destroy());
  // Once it has a stream, what changes is shown at once; which of both it is does not matter to whoever looks.
  await schedules("When they had left");
  await says(page, "When they had left");
  check(await page.evaluate(() => window.loadedOnce === true), "the page came up to date without being loaded again");
  const broke = page.ran.filter((what) => !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|50\d|404/.test(what));
  check(broke.length === 0, broke.join("; "));
});

// What every journey needs: people with homes and nodes of their own, and a browser in which each of them looks at
// their page. Nothing here knows the pages beyond how to enter one.
//
// A journey waits for what is to be seen, as long as PATIENCE, and never for a time to pass.
"use strict";
const { execFile, spawn } = require("child_process");
const fs = require("fs");
const net = require("net");
const os = require("os");
const path = require("path");
const readline = require("readline");
const puppeteer = require("puppeteer-core");

const PATIENCE = 90_000;
const klatch = process.env.KLATCH;
const stops = [];

/// Runs the program to its end; what it printed. Refused = an error that says what was said.
const run = (args) =>
  new Promise((done, fail) => {
    const env = { ...process.env, TZ: "UTC", KLATCH_LOG: "error" };
    execFile(klatch, args, { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      error ? fail(new Error(`klatch ${args.join(" ")}: ${stderr || error}`)) : done(stdout),
    );
  });

/// A network that nobody else is in.
class Network {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "klatch-browser-"));
    this.file = path.join(this.folder, "network.json");
    fs.writeFileSync(this.file, JSON.stringify({ name: path.basename(this.folder), key: "7a".repeat(32) }));
    stops.push(() => fs.rmSync(this.folder, { recursive: true, force: true }));
  }

  /// Somebody with an identity: in this network, or in the one that everybody is in who names none.
  async person(name, { everywhere = false } = {}) {
    const person = this.nobody(name);
    const made = await person.cli("init", "--name", name, ...(everywhere ? [] : ["--network", this.file]));
    return Object.assign(person, { feed: made.feed, words: made.words });
  }

  /// A home in which nobody is yet.
  nobody(name) {
    return new Person(name, path.join(this.folder, name.toLowerCase()), this.file);
  }
}

class Person {
  constructor(name, home, network) {
    Object.assign(this, { name, home, network });
  }

  /// A command's JSON.
  async cli(...args) {
    const said = await run(["--home", this.home, ...args, "--json"]);
    return said.trim() === "" ? null : JSON.parse(said);
  }

  /// Starts the node; done when others can reach it, or, with no identity yet, when its page can be looked at.
  async up(...args) {
    return this.start("up", "--listen", "127.0.0.1:0", ...args);
  }

  /// Starts the node as a pub with pages for everybody.
  async pub() {
    const port = await free();
    return this.start("pub", "up", "--public", port, "--listen", port, "--pages", "127.0.0.1:0");
  }

  async start(...args) {
    const web = args.includes("--web") ? [] : ["--web", "127.0.0.1:0"];
    const all = ["--home", this.home, ...args, "--lan", "off", ...web, "--json"];
    const env = { ...process.env, TZ: "UTC", KLATCH_LOG: "warn" };
    this.node = spawn(klatch, all, { env, stdio: ["ignore", "pipe", "inherit"] });
    stops.push(() => this.node.kill("SIGKILL"));
    const lines = readline.createInterface({ input: this.node.stdout });
    this.ready = await new Promise((done, fail) => {
      // A first run says where its page is, and once more when there is a node.
      lines.on("line", (line) => { this.ready = { ...JSON.parse(line), page: undefined }; done(JSON.parse(line)); });
      this.node.once("exit", (code) => fail(new Error(`${this.name}'s node ended with ${code} before it was ready`)));
    });
    return this;
  }

  /// Starts a command that runs until the journey ends; done when it says something.
  async keeps(...args) {
    const env = { ...process.env, TZ: "UTC", KLATCH_LOG: "error" };
    const command = spawn(klatch, ["--home", this.home, ...args, "--json"], { env, stdio: ["ignore", "pipe", "inherit"] });
    stops.push(() => command.kill("SIGKILL"));
    await new Promise((done) => command.stdout.once("data", done));
  }

  /// Ends the node as a service manager does.
  async down() {
    const ended = new Promise((done) => this.node.once("exit", done));
    this.node.kill("SIGTERM");
    const code = await ended;
    if (code !== 0) throw new Error(`${this.name}'s node ended with ${code}`);
  }

  /// Each of the two follows the other and knows where they are.
  async meets(other) {
    for (const [one, two] of [[this, other], [other, this]]) {
      await one.cli("follow", two.feed, "--as", two.name);
      await one.cli("peer", "add", `${two.feed}@${two.ready.listen[0]}`);
    }
  }

  /// Their page in a browser of their own (cookies apart from all others').
  async look({ scripts = true, width = 1280, scheme = "light", language = "en", path: at = "/" } = {}) {
    // A page for a first run has one link, so it is looked at again in the same browser.
    const page = this.first ?? (await (await (await browser()).createBrowserContext()).newPage());
    page.setDefaultTimeout(PATIENCE);
    await page.setViewport({ width, height: 900 });
    await page.setJavaScriptEnabled(scripts);
    await page.setExtraHTTPHeaders({ "Accept-Language": language });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    page.scripts = scripts;
    page.leave = () => (this.first ? null : page.browserContext().close());
    if (this.first) {
      await page.goto(page.base + at);
      return page;
    }
    page.ran = []; // What ran that should not have, and what the page's own code broke.
    page.on("dialog", async (dialog) => { page.ran.push(`a dialog: ${dialog.message()}`); await dialog.dismiss(); });
    page.on("pageerror", (error) => page.ran.push(`an error: ${error.message}`));
    page.on("console", (said) => said.type() === "error" && !/40\d|42\d/.test(said.text()) && page.ran.push(`console: ${said.text()}`));
    page.on("request", (request) => {
      if (!/^(http:\/\/(127\.0\.0\.1|localhost|\[::1\]):|data:|blob:|about:)/.test(request.url())) page.ran.push(`asked ${request.url()}`);
    });
    if (this.feed === undefined && (await this.cli("id").catch(() => null)) === null) this.first = page;
    const link = this.ready.page ?? (await this.cli("page")).page;
    this.ready.page = undefined; // It works once.
    page.base = new URL(link).origin;
    await page.goto(link);
    await until("the way in", () => !page.url().includes("/enter/")); // The page that takes a link leads on by itself.
    if (at !== "/") await page.goto(page.base + at);
    page.at = (where) => page.goto(page.base + where);
    return page;
  }
}

/// Somebody who has a browser and nothing else, before the public pages of a pub.
class Stranger {
  constructor(pages) {
    this.base = pages.replace(/\/$/, "");
  }

  async look({ width = 1280, scheme = "light", language = "en" } = {}) {
    const page = await (await (await browser()).createBrowserContext()).newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.setViewport({ width, height: 900 });
    await page.setExtraHTTPHeaders({ "Accept-Language": language });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    page.ran = [];
    page.on("pageerror", (error) => page.ran.push(`an error: ${error.message}`));
    page.leave = () => page.browserContext().close();
    page.at = (where) => page.goto(this.base + where);
    return page;
  }
}

/// An address on loopback that nobody uses.
const free = () =>
  new Promise((done) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(`127.0.0.1:${port}`));
    });
  });

let started;
const eyes = [];
/// Gives the browser a camera that sees what is written to the file, as Y4M; before it is started.
const camera = (file) =>
  eyes.push("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${file}`);

/// What a camera sees that is held before the first QR code on a page: light grey, the code's modules dark, in Y4M.
const film = async (page) => {
  const [side, path] = await page.$eval("svg.qr", (svg) => [svg.viewBox.baseVal.width, svg.lastElementChild.getAttribute("d")]);
  const [width, height] = [640, 480];
  const scale = Math.floor((height - 40) / side);
  const [left, top] = [(width - side * scale) >> 1, (height - side * scale) >> 1];
  const light = Buffer.alloc(width * height, 205);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h/g)) {
    for (let row = 0; row < scale; row += 1) {
      const from = (top + y * scale + row) * width + left + x * scale;
      light.fill(40, from, from + scale);
    }
  }
  const grey = Buffer.alloc((width * height) / 2, 128); // Both planes of colour.
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\nFRAME\n`), light, grey]);
};

/// The one browser of this journey.
const browser = () => {
  started ??= puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: [...eyes, "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking"],
  });
  return started;
};

/// Waits until `look` gives something true; fails by naming it.
const until = async (what, look) => {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never seen: ${what}`);
    await new Promise((done) => setTimeout(done, 100)); // Between two looks.
  }
};

/// Waits until the page says it, without being loaded again.
const says = async (page, text) => {
  try {
    await page.waitForFunction((wanted) => document.body.innerText.replace(/\s+/g, " ").includes(wanted), {}, text);
  } catch {
    throw new Error(`never seen: ${JSON.stringify(text)} on ${page.url()}, which says: ${await text_of(page)}`);
  }
};
const text_of = (page) => page.$eval("body", (body) => body.innerText.replace(/\s+/g, " "));

/// Keeps what a page asks of `path` from its node, until the answer is called.
const hold = async (page, path) => {
  const held = [];
  const listener = (request) => (new URL(request.url()).pathname === path ? held.push(request) : request.continue());
  page.on("request", listener);
  await page.setRequestInterception(true);
  return async () => {
    await until(`a request of ${path}`, () => held.length > 0);
    page.off("request", listener);
    // One of a page that was left meanwhile is nobody's any more.
    for (const request of held) await request.continue().catch(() => {});
    await page.setRequestInterception(false);
  };
};

/// Presses what loads another page, and waits for that.
const press = async (page, selector) => {
  const element = await page.waitForSelector(selector);
  // A click waits for frames, which are told of by script; where there is none, the keyboard does the same.
  const act = page.scripts ? element.click() : element.focus().then(() => page.keyboard.press("Enter"));
  await Promise.all([page.waitForNavigation(), act]);
};

/// Fills a form's fields by name; dates and times as the native controls take them.
const fill = async (page, fields) => {
  for (const [name, value] of Object.entries(fields)) {
    const field = await page.waitForSelector(`[name="${name}"]`).catch(async () => {
      throw new Error(`no field ${name} on ${page.url()}, which says: ${await text_of(page)}`);
    });
    const kind = await field.evaluate((field) => (field.tagName === "SELECT" ? "select" : field.type));
    if (kind === "select") await field.select(value);
    else if (kind === "checkbox" || kind === "radio") await page.click(`[name="${name}"][value="${value}"]`);
    else await field.evaluate((field, value) => { field.value = value; field.dispatchEvent(new Event("input", { bubbles: true })); }, value);
  }
};

const check = (is_so, what) => {
  if (!is_so) throw new Error(what);
};

/// Runs a journey; everything it started is ended whatever happens.
const journey = (walk) => {
  const end = async (code) => {
    await started?.then((browser) => browser.close()).catch(() => {});
    for (const stop of stops.reverse()) stop();
    process.exit(code);
  };
  walk().then(() => end(0), (error) => { console.error(error.stack ?? error); end(1); });
};

module.exports = { Network, Stranger, browser, camera, check, fill, film, hold, journey, press, says, text_of, until };

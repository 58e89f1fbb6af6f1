// Forty strings that would harm a careless page, through every field that a peer fills: nothing runs, nothing is fetched,
// nothing grows wider than a phone.
"use strict";
const { check, journey, until } = require("./lib.cjs");
const { evening, start } = require("./world.cjs");

const HOSTILE = [
  '<script>alert(1)</script>', '"><script>alert(2)</script>', "'><img src=x onerror=alert(3)>", '<svg onload=alert(4)>',
  '<iframe src="javascript:alert(5)"></iframe>', 'javascript:alert(6)', 'JaVaScRiPt:alert(7)', 'data:text/html,<script>alert(8)</script>',
  '</title><script>alert(9)</script>', '</textarea><script>alert(10)</script>', '--><script>alert(11)</script>', '<!--', ']]>', '<![CDATA[',
  '&lt;script&gt;alert(12)&lt;/script&gt;', '&#60;script&#62;', '{{ 7*7 }}', '${7*7}', '<%= 7*7 %>', '#{7*7}', '{% raw %}',
  '" onmouseover="alert(13)', "' autofocus onfocus='alert(14)", '` onclick=alert(15) `', '<a href="javascript:alert(16)">x</a>',
  '<style>*{display:none}</style>', '<link rel=stylesheet href=//example.org/x.css>', '<meta http-equiv=refresh content="0;url=//example.org">',
  '<base href=//example.org>', '<form action=//example.org><button>', '<math><mtext></p><img src=x onerror=alert(17)>',
  '\u202egnp.exe', '\u2066\u2067\u2068', '\u0301'.repeat(50) + 'zalgo', 'W'.repeat(59), '=HYPERLINK("//example.org")', '../../../etc/passwd',
  '%3Cscript%3Ealert(18)%3C/script%3E', '\uFEFF<script>alert(19)</script>', 'العربية עברית <b>', '🎉'.repeat(14), 'https://example.org/"onmouseover="alert(20)',
];

journey(async () => {
  check(HOSTILE.length >= 40, "there are forty");
  const { ana, ben, network, group } = await evening().then((world) => ({ ...world, ben: world.people[0] }));
  // The one who harms has a name, a group, and events with such text in every field.
  const eve = await network.person("Eve");
  await eve.up();
  await eve.meets(ben);
  const tried = (...args) => eve.cli(...args).catch((error) => { check(/: /.test(error.message), error.message); return null; });
  const events = [];
  for (const [at, text] of HOSTILE.entries()) {
    const short = [...text].slice(0, 30).join("");
    const where = ["--where", text, "--about", `${text}\n${text}`, "--cost", text, "--access", text, "--tag", short];
    const made = await tried("event", "schedule", "--title", text, "--start", start(1 + at), "--tz", "Europe/Lisbon", ...where);
    if (made) events.push(made.id);
  }
  check(events.length >= 30, `only ${events.length} events could be made`);
  for (const text of HOSTILE) {
    await tried("comment", events[0], text);
    await tried("profile", "--about", text);
  }
  await tried("profile", "--name", '<img src=x onerror=alert("name")>');
  await tried("group", "create", '<script>alert("group")</script>');
  await tried("rsvp", events[0], "yes", "--note", '"><script>alert("note")</script>');
  const last = events[events.length - 1];
  await until("the guest holds what the other wrote", () => ben.cli("event", "show", last).catch(() => null));

  const page = await ben.look({ width: 360 });
  const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const paths = ["/", "/inbox", "/people", "/groups", "/network", `/person/${eve.feed}`, ...events.map((id) => `/event/${id}`)];
  for (const path of paths) {
    const answer = await page.at(path);
    check(answer.status() === 200, `${path}: ${answer.status()}`);
    const harm = await page.evaluate(() => document.querySelectorAll("main script, main iframe, main style, main link, main meta, main base, main math, main svg[onload], main img[onerror], main [onmouseover], main [onfocus], main [onclick]").length);
    check(harm === 0, `${path} has ${harm} elements that nobody drew`);
    const links = await page.$$eval("main a[href]", (links) => links.map((link) => link.getAttribute("href")).filter((href) => !/^(\/|\?|#|https?:\/\/|mailto:|geo:|klatch:)/.test(href)));
    check(links.length === 0, `${path} leads to ${links}`);
    check((await over()) <= 0, `${path} is ${await over()} px too wide`);
  }
  check(page.ran.length === 0, page.ran.join("; "));
  void ana; void group;
});

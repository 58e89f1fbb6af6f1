// Keeps an open page current. Everything works without it: it only saves a reload.
'use strict';
(() => {
  let source = null;
  let running = false;
  let again = false;

  // A part in which somebody types, or has typed, stays as it is.
  const busy = (part) => {
    const focused = document.activeElement;
    if (focused && part.contains(focused) && focused.matches('input, textarea, select')) return true;
    return [...part.querySelectorAll('input, textarea')].some(
      (field) => field.type !== 'hidden' && field.value !== field.defaultValue,
    );
  };

  // Where the focus was, to be found again in what takes the place of a part.
  const mark = (part) => {
    const focused = document.activeElement;
    if (!focused || !part.contains(focused) || focused === part) return null;
    const all = [...part.querySelectorAll(focused.tagName)];
    return { id: focused.id, tag: focused.tagName, at: all.indexOf(focused) };
  };
  const focus = (part, place) => {
    if (!place) return;
    const found = (place.id && document.getElementById(place.id)) || part.querySelectorAll(place.tag)[place.at];
    if (found) found.focus({ preventScroll: true });
  };

  const replace = (fresh) => {
    let changed = false;
    for (const part of document.querySelectorAll('[data-live]')) {
      const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!other || part.innerHTML === other.innerHTML || busy(part)) continue;
      const open = [...part.querySelectorAll('details')].map((details) => details.open);
      const place = mark(part);
      part.replaceChildren(...document.adoptNode(other).childNodes);
      part.querySelectorAll('details').forEach((details, at) => { details.open = open[at] ?? details.open; });
      focus(part, place);
      changed = true;
    }
    const news = document.getElementById('news');
    if (changed && news) {
      news.textContent = '';
      requestAnimationFrame(() => { news.textContent = news.dataset.text; });
    }
  };

  // By its own address: what was refused, or is answered to a form, is at one that nobody can look at.
  const refresh = async () => {
    if (running) { again = true; return; }
    running = true;
    try {
      const answer = await fetch(document.documentElement.dataset.here, { credentials: 'same-origin' });
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    } catch { /* The node is gone; the stream says so, and tries again. */ }
    running = false;
    if (again) { again = false; setTimeout(refresh, 200); }
  };

  // A hidden page lets its stream go: browsers have few connections for one place.
  const listen = () => {
    if (document.hidden || source || !document.querySelector('[data-live]')) return;
    source = new EventSource('/live');
    source.addEventListener('change', refresh);
    // What changed after this page was made and before it listened, or while the node was away.
    source.addEventListener('open', refresh);
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else {
      listen();
    }
  });
  addEventListener('pagehide', () => { source?.close(); source = null; });
  addEventListener('pageshow', listen);
  listen();
})();

// Keeps an open page current. Everything works without it: it only saves a reload.
'use strict';
(() => {
  let source = null;
  let running = false;
  let again = false;
  let wait = 1000; // Until the stream is asked for again, in milliseconds.
  const WAIT_MAX = 60000;
  let timer = null;
  const news = document.getElementById('news');

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
    if (changed) tell(news.dataset.text, false);
  };

  // What screen readers say; what keeps a page from going on stands there for everybody.
  const tell = (text, is_seen) => {
    if (is_seen && news.textContent === text) return;
    news.className = is_seen ? 'ended' : 'hidden';
    news.textContent = '';
    requestAnimationFrame(() => { news.textContent = text; });
  };

  // By its own address: what was refused, or is answered to a form, is at one that nobody can look at.
  const refresh = async () => {
    if (running) { again = true; return; }
    running = true;
    try {
      const answer = await fetch(document.documentElement.dataset.here, { credentials: 'same-origin' });
      // The node was started again, and knows nobody from before.
      if (answer.status === 403) tell(news.dataset.ended, true);
      else if (news.className === 'ended') tell('', false);
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    } catch { /* The node is gone; the stream says so, and tries again. */ }
    running = false;
    if (again) { again = false; setTimeout(refresh, 200); }
  };

  // A hidden page lets its stream go: browsers have few connections for one place.
  const listen = () => {
    clearTimeout(timer);
    if (document.hidden || source || !document.querySelector('[data-live]')) return;
    source = new EventSource('/live');
    source.addEventListener('change', refresh);
    // What changed after this page was made and before it listened, or while the node was away.
    source.addEventListener('open', () => { wait = 1000; refresh(); });
    // Where nothing answers, a browser asks again by itself. An answer that is no stream, since there are too many or
    // somebody has to enter again, ends it for good.
    source.addEventListener('error', () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      source = null;
      refresh();
      timer = setTimeout(listen, wait);
      wait = Math.min(2 * wait, WAIT_MAX);
    });
  };
  const leave = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
    wait = 1000;
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? leave() : listen()));
  addEventListener('pagehide', leave);
  addEventListener('pageshow', listen);
  listen();
})();

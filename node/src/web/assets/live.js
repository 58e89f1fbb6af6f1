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

  // Which element is which: by whom or what it is about and not by its place, so that neither a focus nor what was
  // typed or opened ever goes over to somebody else's.
  const key = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    const own = node.getAttribute('id') ?? node.getAttribute('data-key');
    if (own) return own;
    switch (node.localName) {
      case 'a': return `a ${node.getAttribute('href')}`;
      case 'button': return `button ${node.getAttribute('name')} ${node.getAttribute('value')}`;
      case 'form': return `form ${node.getAttribute('action')}`;
      case 'li': {
        const link = node.querySelector('a[href]');
        return link && `li ${link.getAttribute('href')}`;
      }
      default: return null;
    }
  };
  const FIELDS = 'input:not([type="hidden"]), textarea, select';
  const isTyped = (field) => field === document.activeElement || (field.defaultValue ?? field.value) !== field.value;
  const holdsTyped = (node) =>
    node.nodeType === Node.ELEMENT_NODE && [node, ...node.querySelectorAll(FIELDS)].some((at) => at.matches(FIELDS) && isTyped(at));
  // What the reader or this script set, and no answer of the node takes back.
  const isKept = (node, name) =>
    (node.localName === 'details' && name === 'open') || (/^h\d$/.test(node.localName) && name === 'tabindex');

  // Makes a part what it is now, with the elements that it has; whether that changed anything.
  const patch = (part, fresh) => {
    let changed = false;
    const all = new Map(); // Somebody may go from one list to another.
    for (const node of part.querySelectorAll('[id], [data-key], li')) if (!all.has(key(node))) all.set(key(node), node);
    const attributes = (node, other) => {
      for (const { name, value } of other.attributes) {
        if (node.getAttribute(name) === value || isKept(node, name)) continue;
        node.setAttribute(name, value);
        changed = true;
      }
      for (const { name } of [...node.attributes]) {
        if (other.hasAttribute(name) || isKept(node, name)) continue;
        node.removeAttribute(name);
        changed = true;
      }
    };
    const one = (node, other) => {
      if (node.nodeType !== Node.ELEMENT_NODE) {
        if (node.nodeValue !== other.nodeValue) { node.nodeValue = other.nodeValue; changed = true; }
        return;
      }
      const is_new_value = 'defaultValue' in node && !isTyped(node);
      attributes(node, other);
      children(node, other);
      if (is_new_value) node.value = node.defaultValue;
    };
    const children = (node, other) => {
      const rest = new Set(node.childNodes);
      const is = (child, next, wanted) => child.nodeName === next.nodeName && key(child) === wanted;
      const pairs = [...other.childNodes].map((next) => {
        const wanted = key(next);
        let found = [...rest].find((child) => is(child, next, wanted));
        if (!found && wanted !== null) {
          const elsewhere = all.get(wanted);
          if (elsewhere && is(elsewhere, next, wanted) && !elsewhere.contains(node)) found = elsewhere;
        }
        rest.delete(found);
        if (wanted !== null) all.delete(wanted);
        return [found, next];
      });
      const clear = () => {
        for (const child of rest) {
          if (child.parentNode !== node) rest.delete(child); // It stands elsewhere by now.
          else if (!holdsTyped(child)) { rest.delete(child); child.remove(); changed = true; }
        }
      };
      clear();
      let last = null; // What came after it may have gone into it.
      for (const [found, next] of pairs) {
        let at = last ? last.nextSibling : node.firstChild;
        while (rest.has(at)) at = at.nextSibling;
        const child = found ?? document.importNode(next, false);
        if (child !== at) { node.insertBefore(child, at); changed = true; }
        one(child, next);
        last = child;
      }
      clear(); // Of what held somebody who is elsewhere by now.
    };
    children(part, fresh);
    return changed;
  };

  // Where the keyboard is. Once that is gone: at whom it was about, else at the heading above.
  const mark = () => {
    const focused = document.activeElement;
    const item = focused?.closest('[data-live] li');
    const headings = [...document.querySelectorAll('h1, h2, h3')]
      .filter((heading) => heading.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING).reverse();
    return { focused, item, headings };
  };
  const focus = ({ focused, item, headings }) => {
    if (document.activeElement === focused) return;
    const control = item?.isConnected && item.querySelector('a[href], button');
    const heading = headings.find((at) => at.isConnected);
    const found = focused.isConnected ? focused : control || heading;
    if (found === heading) heading?.setAttribute('tabindex', '-1');
    found?.focus({ preventScroll: true });
  };

  const replace = (fresh) => {
    const place = mark();
    const parts = (page) => [...page.querySelectorAll('[data-live]')].map((part) => part.dataset.live);
    let changed = false;
    if (String(parts(document)) === String(parts(fresh))) {
      for (const part of document.querySelectorAll('[data-live]')) {
        if (patch(part, fresh.querySelector(`[data-live="${part.dataset.live}"]`))) changed = true;
      }
    } else {
      // It is another page now: a door that was closed, somebody who may do more, or less.
      changed = patch(document.getElementById('main'), fresh.getElementById('main'));
    }
    focus(place);
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
      const gone = () => null; // The stream says so, and tries again.
      const answer = await fetch(document.documentElement.dataset.here, { credentials: 'same-origin' }).catch(gone);
      // The node was started again, and knows nobody from before.
      if (answer?.status === 403) tell(news.dataset.ended, true);
      else if (answer && news.className === 'ended') tell('', false);
      // What it waited for is there, on a page of its own.
      if (answer?.redirected) { location.replace(answer.url); return; }
      const text = answer?.ok ? await answer.text().catch(gone) : null;
      if (text !== null) replace(new DOMParser().parseFromString(text, 'text/html'));
    } finally {
      running = false;
      if (again) { again = false; setTimeout(refresh, 200); }
    }
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

// Looks for a QR code through the camera: a frame at a time goes to the node of this page, which reads it. Everything
// works without it: a picture can be taken and sent.
'use strict';
(() => {
  // Pixels of a frame's side, and how long the node is left alone between two.
  const SIDE = 720;
  const PAUSE_MS = 250;
  // After a code was sent from here, the next is looked for by itself: a door has a queue.
  const AGAIN_MS = 60_000;
  const box = document.querySelector('[data-scanner]');
  const field = document.querySelector('[data-scan]');
  if (!box || !field || !navigator.mediaDevices?.getUserMedia) return;

  const [start, stop, finder, video, said] =
    ['start', 'stop', 'finder', 'video', 'said'].map((part) => box.querySelector(`[data-part="${part}"]`));
  const sends = box.dataset.scanner === 'send';
  const canvas = document.createElement('canvas');
  let stream = null;
  let last = null;

  const close = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    finder.hidden = true;
    start.hidden = false;
  };

  const frame = () => {
    const side = Math.min(video.videoWidth, video.videoHeight);
    if (side === 0) return null;
    canvas.width = canvas.height = Math.min(side, SIDE);
    const pen = canvas.getContext('2d');
    pen.filter = 'grayscale(1)';
    const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
    pen.drawImage(video, left, top, side, side, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.85); });
  };

  const found = (code) => {
    close();
    field.value = code;
    const go = field.form.querySelector('.strong');
    if (!sends) { go.focus(); return; }
    sessionStorage.setItem('scanned', JSON.stringify([code, Date.now()]));
    field.form.requestSubmit(go);
  };

  const look = async () => {
    const mine = stream;
    while (stream && stream === mine) {
      if (!box.isConnected) { close(); return; } // What it was for is over.
      try {
        const picture = await frame();
        if (picture) {
          const body = new FormData(box.querySelector('form'));
          body.set('picture', picture, 'frame.jpg');
          const answer = await fetch('/scan', { method: 'POST', body, headers: { Accept: 'text/plain' } });
          const text = answer.status === 200 || answer.status === 422 ? await answer.text() : '';
          if (stream !== mine) return;
          if (answer.status === 200 && text !== last) { found(text); return; }
          if (answer.status === 422 && said.textContent !== text) said.textContent = text;
        }
      } catch { /* The node is away for a moment. */ }
      await new Promise((done) => { setTimeout(done, PAUSE_MS); });
    }
  };

  const open = async () => {
    start.hidden = true;
    finder.hidden = false;
    said.textContent = said.dataset.looking;
    try {
      const wanted = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      video.srcObject = stream;
      await video.play();
      look();
    } catch {
      close();
      finder.hidden = false;
      said.textContent = said.dataset.refused;
    }
  };

  start.addEventListener('click', () => { last = null; open(); });
  stop.addEventListener('click', () => { sessionStorage.removeItem('scanned'); close(); start.focus(); });
  document.addEventListener('visibilitychange', () => { if (document.hidden) close(); });
  addEventListener('pagehide', close);
  start.hidden = false;

  const [before, at] = JSON.parse(sessionStorage.getItem('scanned') ?? '[null, 0]');
  if (sends && 'again' in box.dataset && Date.now() - at < AGAIN_MS) {
    last = before; // Whoever was let in may still hold it before the camera.
    open();
  }
})();

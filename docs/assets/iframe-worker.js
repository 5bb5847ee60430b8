// Browsers start no worker for a page that was opened from a folder, and the search runs in one: there, an iframe does its work.
if (location.protocol === "file:") {
  const load = (place, url) =>
    new Promise((loaded, failed) => {
      const script = place.createElement("script");
      script.src = url;
      script.onload = loaded;
      script.onerror = failed;
      place.head.append(script);
    });

  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inner = frame.contentWindow;
      inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inner.importScripts = (...urls) =>
        urls.reduce((before, each) => before.then(() => load(inner.document, each)), Promise.resolve());
      this.ready = load(inner.document, url).then(() => inner);
    }

    postMessage(data) {
      this.ready.then((inner) => inner.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}

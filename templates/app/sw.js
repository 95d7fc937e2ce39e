// Serves the client itself and the pictures kept on the device. Articles are the client's own business (IndexedDB).

const SHELL = "shell-{{ version }}";
const PICTURES = "pictures";
const FILES = {{ shell | safe }};
const HERE = self.registration.scope;
const NO_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><rect width="16" height="9" fill="#8884"/></svg>';

self.addEventListener("install", (event) => {
  const fresh = FILES.map((path) => new Request(new URL(path, HERE), { cache: "reload" }));
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("shell-") && name !== SHELL).map((name) => caches.delete(name))))
      .then(() => self.clients.claim())
  );
});

self.addEventListener("fetch", (event) => {
  const url = event.request.url.split("#")[0];
  if (event.request.method !== "GET" || !url.startsWith(HERE)) { return; }
  if (url.startsWith(`${HERE}api/media/`)) {
    event.respondWith(pictureAt(event.request));
  } else if (!url.startsWith(`${HERE}api/`)) {
    const page = url === HERE || url.split("?")[0] === `${HERE}index.html` || url.startsWith(`${HERE}?`);
    event.respondWith(shellFile(page ? HERE : event.request));
  }
});

async function shellFile(request) {
  const cache = await caches.open(SHELL);
  return (await cache.match(request)) || fetch(request);
}

async function pictureAt(request) {
  const cache = await caches.open(PICTURES);
  const kept = await cache.match(request);
  if (kept) { return kept; }
  try {
    return await fetch(request);
  } catch (offline) {
    return new Response(NO_PICTURE, { headers: { "Content-Type": "image/svg+xml" } });
  }
}

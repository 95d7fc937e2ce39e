// What the client keeps on the device: small tables by key, in IndexedDB; in memory where a browser refuses that.

const NAME = "newsroom-app", VERSION = 1;
export const PICTURES = "pictures";

/** The tables: `about` (start, cursor, synced), `lists` by name, `rows` and `articles` by the article's id. */
const TABLES = ["about", "lists", "rows", "articles"];

export async function openStore() {
  try {
    return stored(await opened());
  } catch (refused) {
    return remembered();
  }
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => TABLES.forEach((table) => request.result.createObjectStore(table));
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function stored(db) {
  const table = (name, mode) => db.transaction(name, mode).objectStore(name);
  return {
    get: (name, key) => done(table(name, "readonly").get(key)),
    all: (name) => done(table(name, "readonly").getAll()),
    put: (name, key, value) => done(table(name, "readwrite").put(value, key)),
    drop: (name, key) => done(table(name, "readwrite").delete(key)),
    clear: () => Promise.all(TABLES.map((name) => done(table(name, "readwrite").clear()))),
  };
}

function remembered() {
  const tables = Object.fromEntries(TABLES.map((name) => [name, new Map()]));
  return {
    get: async (name, key) => tables[name].get(key),
    all: async (name) => [...tables[name].values()],
    put: async (name, key, value) => void tables[name].set(key, value),
    drop: async (name, key) => void tables[name].delete(key),
    clear: async () => TABLES.forEach((name) => tables[name].clear()),
  };
}

const MOST_PICTURES = 300;

/** Keep these pictures for times without a network; what cannot be kept is simply not there then. */
export async function keepPictures(urls) {
  if (!self.caches || !navigator.onLine || navigator.connection?.saveData) { return; }
  try {
    const cache = await caches.open(PICTURES);
    for (const url of urls) {
      if (!(await cache.match(url))) { await cache.add(url); }
    }
    const all = await cache.keys(); // the oldest first
    for (const old of all.slice(0, Math.max(all.length - MOST_PICTURES, 0))) { await cache.delete(old); }
  } catch (failed) { /* no room, or the network has gone */ }
}

/** Forget an article's pictures: one of them may be what was wrong. */
export async function dropPictures(folder) {
  if (!self.caches) { return; }
  const cache = await caches.open(PICTURES);
  for (const request of await cache.keys()) {
    if (request.url.startsWith(folder)) { await cache.delete(request); }
  }
}

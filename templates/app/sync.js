// The client's side of the API: start, catch up by the sequence of changes, read lists and articles.
//
// A sync that fails half way is simply done again: the cursor moves last, and everything before it may be repeated.

import { dropPictures } from "./{{ file["store.js"] }}";

export const API = new URL("api/", document.baseURI).href;
export const LATEST = "latest";
const MOST_CHANGES = 200;
const MOST_PAGES = 3;

/** The server has no such document. */
export class Missing extends Error {}

/** A document of the API; always asked for anew, answered with 304 if it is still the same. */
async function read(url) {
  const answer = await fetch(url, { cache: "no-cache" });
  if (answer.status === 404) { throw new Missing(url); }
  if (!answer.ok) { throw new Error(`${answer.status} ${url}`); }
  return answer.json();
}

/** What an article's series is called without its number: 某系列报道之三 is of 某系列报道. */
const seriesOf = (printed) => (printed || "").replace(/之[^之]*$/, "");

const resolve = (href, base) => new URL(href, base).href;

function picture(image, base) {
  if (!image) { return null; }
  const files = Object.fromEntries(image.renditions.map((one) => [one.name, { ...one, src: resolve(one.href, base) }]));
  return { alt: image.alt, caption: image.caption, aigc: image.aigc, ...files };
}

function rowOf(item, base) {
  return { ...item, image: picture(item.image, base) };
}

/** The row of an article whose row is known already, in its new version. */
function rowAgain(envelope, row) {
  const words = (list, role) => (list || []).find((one) => one.role === role)?.value || "";
  return {
    ...row,
    revision: envelope.revision,
    headline: words(envelope.article.headlines, "main"),
    summary: words(envelope.article.descriptions, "summary"),
    corrected: envelope.notice?.at,
    image: envelope.images[0] || null,
  };
}

/** The article's document, with its pictures' addresses in full. */
async function readArticle(href) {
  const envelope = await read(href);
  return { ...envelope, banner: picture(envelope.banner, href), images: (envelope.images || []).map((image) => picture(image, href)) };
}

export function syncWith(store) {
  /** The article, from the device or else the server. */
  async function article(id) {
    const kept = await store.get("articles", id);
    if (kept) { return kept; }
    const read = await readArticle(resolve(`articles/${id}.json`, API));
    await store.put("articles", id, read);
    return read;
  }

  /** A list's rows, newest first, and whether there are more; null if it is neither here nor to be had. */
  async function list(name) {
    const kept = await store.get("lists", name);
    if (!kept) { return null; }
    const rows = await Promise.all(kept.ids.map((id) => store.get("rows", id)));
    return { rows: rows.filter(Boolean), more: Boolean(kept.next) };
  }

  async function take(page, url) {
    for (const item of page.items) { await store.put("rows", item.id, rowOf(item, url)); }
    return page.items.map((item) => item.id);
  }

  function addressOf(name) {
    return resolve(name === LATEST ? "latest.json" : `columns/${name}.json`, API);
  }

  /** Read a list's newest part and join it to what is here of it; read on across a gap, or else begin it anew. */
  async function refresh(name) {
    const url = addressOf(name);
    const head = await read(url);
    const kept = await store.get("lists", name);
    let ids = await take(head, url);
    const top = head.next ? resolve(head.next, url) : "";
    let next = top;
    let joined = Boolean(kept) && kept.top === top;
    for (let pages = 0; kept && !joined && next && pages < MOST_PAGES; pages += 1) {
      const page = await read(next);
      const older = await take(page, next);
      joined = older.some((id) => kept.ids.includes(id));
      ids = ids.concat(older);
      next = page.next ? resolve(page.next, next) : "";
    }
    if (joined) {
      const oldest = Math.min(...(await ordinals(ids)));
      for (const id of kept.ids) {
        const row = await store.get("rows", id);
        if (row && !ids.includes(id) && row.ordinal < oldest) { ids.push(id); }
      }
      next = kept.next;
    }
    await store.put("lists", name, { ids, next, top });
  }

  async function ordinals(ids) {
    const rows = await Promise.all(ids.map((id) => store.get("rows", id)));
    return rows.filter(Boolean).map((row) => row.ordinal);
  }

  /** Read the next older page of a list. */
  async function more(name) {
    const kept = await store.get("lists", name);
    if (!kept?.next) { return; }
    const page = await read(kept.next);
    const older = (await take(page, kept.next)).filter((id) => !kept.ids.includes(id));
    const next = page.next ? resolve(page.next, kept.next) : "";
    await store.put("lists", name, { ...kept, ids: kept.ids.concat(older), next });
  }

  /** The newest change of every article since the cursor, and where that leads; null if the cursor is not found. */
  async function changesSince(cursor) {
    let url = resolve("changes.json", API);
    let page = await read(url);
    const found = { cursor: page.cursor, changes: new Map() };
    if (!cursor) { return { ...found, changes: null }; }
    for (;;) {
      if (page.cursor === cursor) { return found; }
      for (const change of [...page.changes].reverse()) {
        if (change.cursor === cursor) { return found; }
        if (!found.changes.has(change.id)) { found.changes.set(change.id, { ...change, href: resolve(change.href, url) }); }
      }
      if (page.after === cursor) { return found; }
      if (!page.previous || found.changes.size > MOST_CHANGES) { return { ...found, changes: null }; }
      url = resolve(page.previous, url);
      page = await read(url);
    }
  }

  /** One change, as far as it concerns what is here. */
  async function apply(change) {
    const [row, kept] = await Promise.all([store.get("rows", change.id), store.get("articles", change.id)]);
    if (!row && !kept) { return false; }
    if (kept && !row && kept.digest.startsWith(new URL(change.href).searchParams.get("v"))) { return false; }
    const envelope = await readArticle(change.href);
    if (envelope.revision < change.revision) { throw new Error(`${change.href} is not there yet`); }
    if (kept || change.pubStatus !== "usable") { await store.put("articles", change.id, envelope); }
    if (change.pubStatus === "usable") {
      if (row) { await store.put("rows", change.id, rowAgain(envelope, row)); }
    } else {
      await store.drop("rows", change.id);
      await dropPictures(resolve(`media/${change.id}/`, API));
    }
    return true;
  }

  /** Where to begin: the columns as they stand, with their banners' addresses in full. */
  async function readStart() {
    const url = resolve("newsroom.json", API);
    const start = await read(url);
    return { ...start, columns: start.columns.map((column) => ({ ...column, banner: picture(column.banner, url) })) };
  }

  /** A document of a series, from the server, or without a network as it was last read; null if there is none. */
  async function ofSeries(path) {
    const key = `series/${path}`;
    try {
      if (navigator.onLine) { await store.put("about", key, await read(resolve(`${key}.json`, API))); }
    } catch (away) { /* then what is here has to do */ }
    return (await store.get("about", key)) || null;
  }

  /**
   * What stands right before and right after an article in its series: {before, after}, each {row, gone}: the nearest
   * article that can be read, or null, and those withdrawn between. Numbers that were never published are passed over.
   */
  async function around(envelope) {
    const [column] = envelope.columns;
    const { number, name } = envelope.series;
    const head = await ofSeries(column);
    if (!head) { return null; }
    const pageOf = (wanted) => Math.ceil(wanted / head.perPage);
    async function nearest(step) {
      const gone = [];
      for (let page = pageOf(number), tries = 0; page >= 1 && page <= pageOf(head.last) && tries < MOST_PAGES; page += step, tries += 1) {
        const rows = [...((await ofSeries(`${column}/${page}`))?.rows || [])];
        for (const row of step < 0 ? rows.reverse() : rows) {
          if (step * (row.number - number) <= 0) { continue; }
          if (row.pubStatus !== "usable") { gone.push(row); }
          else if (seriesOf(row.series) === seriesOf(name)) { return { row, gone }; }
        }
      }
      return { row: null, gone };
    }
    return { before: await nearest(-1), after: await nearest(1) };
  }

  /** Catch up. What happened: {fresh, opened, corrected, withdrawn}, each whether there was any of it. */
  async function sync() {
    const said = { fresh: false, opened: false, corrected: false, withdrawn: false };
    const cursor = await store.get("about", "cursor");
    const since = await changesSince(cursor);
    const start = await readStart(); // after the changes: a column is there before the change that tells of its opening
    const known = (await store.get("about", "start"))?.columns;
    said.opened = Boolean(known) && start.columns.some((column) => !column.closed && !known.some((one) => one.id === column.id));
    for (const old of known || []) {
      const now = start.columns.find((column) => column.id === old.id);
      if (old.banner && old.banner.large.src !== now?.banner?.large.src) { await dropPictures(resolve(`media/columns/${old.id}/`, API)); }
    }
    if (since.changes === null) {
      await store.clear();
      await refresh(LATEST);
      said.fresh = true;
    } else if (since.cursor !== cursor) {
      for (const change of since.changes.values()) {
        const known = await apply(change);
        said.fresh ||= !known && change.pubStatus === "usable";
        said.corrected ||= known && change.pubStatus === "usable";
        said.withdrawn ||= known && change.pubStatus !== "usable";
      }
      for (const name of [LATEST, ...start.columns.map((column) => column.id)]) {
        if (await store.get("lists", name)) { await refresh(name); }
      }
    }
    await store.put("about", "start", start);
    await store.put("about", "cursor", since.cursor);
    await store.put("about", "synced", new Date());
    return said;
  }

  let running = null;
  /** Catch up, once at a time. */
  function once() {
    running ||= sync().finally(() => { running = null; });
    return running;
  }

  return { article, list, refresh, more, around, sync: once };
}

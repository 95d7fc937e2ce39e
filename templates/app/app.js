// What is seen: lists by column, articles, notices. Addresses are in the fragment: #/ #/column/ID #/article/ID

import { keepPictures, openStore } from "./{{ file["store.js"] }}";
import { API, LATEST, Missing, syncWith } from "./{{ file["sync.js"] }}";

const EVERY = 60 * 1000; // milliseconds between two syncs while the app is looked at
const AGAIN = 10 * 1000; // the same after one that failed
const TAGS = new Set("P H2 H3 UL OL LI TABLE CAPTION THEAD TBODY TFOOT TR TH TD BLOCKQUOTE FIGURE FIGCAPTION STRONG EM A BR SUB SUP RUBY RT RP SMALL IMG".split(" "));
const KEPT = { A: ["href"], IMG: ["alt", "width", "height"], TH: ["colspan", "rowspan"], TD: ["colspan", "rowspan"], OL: ["start"] };
const PEOPLE = ["reporter", "photographer", "editor", "reviewer", "approver"]; // of documents from before there were credits
const SPACED_NAMES = {{ "true" if newsroom.house.spaced_names else "false" }};
const TWO = /^\p{Script=Han}{2}$/u;
const NOTE = /^#(note-[1-9][0-9]*)$/;

const $ = (id) => document.getElementById(id);
const main = $("main");
const clone = (name) => $(`t-${name}`).content.firstElementChild.cloneNode(true);
const word = (name) => $("t-words").content.querySelector(`[data-word=${name}]`).textContent;
const title = document.title;

/** A moment as the newsroom's clock showed it: the offset in the text is its own. */
const minute = (moment) => moment.slice(0, 16).replace("T", " ");
const day = (moment) => (moment.slice(0, 4) === String(new Date().getFullYear()) ? minute(moment).slice(5) : moment.slice(0, 10));

function time(element, moment, text) {
  element.dateTime = moment;
  element.textContent = text;
}

const WORDS = self.Intl?.Segmenter && new Intl.Segmenter("zh", { granularity: "word" });

/** A headline that is broken at its spaces first, and never inside a word. */
function breakable(text) {
  const whole = document.createDocumentFragment();
  const parts = text.split(/\s+/).reduce((found, piece) => {
    const last = found.at(-1);
    return last && (piece.length < 5 || last.length < 5) ? [...found.slice(0, -1), `${last} ${piece}`] : [...found, piece];
  }, []);
  for (const part of parts) {
    const element = parts.length > 1 ? document.createElement("span") : document.createDocumentFragment();
    const words = WORDS ? [...WORDS.segment(part)] : [...part].map((segment) => ({ segment, isWordLike: true }));
    words.forEach(({ segment, isWordLike }, index) => {
      const before = words[index - 1];
      const ends = before && isWordLike && !/[\p{Ps}\p{Pi}\d第]$/u.test(before.segment) && !/^[的地得了着过们等]$/.test(segment);
      if (ends) { element.append(document.createElement("wbr")); }
      element.append(segment);
    });
    if (whole.childNodes.length) { whole.append(" "); }
    whole.append(element);
  }
  return whole;
}

function fillHeadline(root, selector, text) {
  const element = root.querySelector(selector);
  if (text) { element.replaceChildren(breakable(text)); } else { element.remove(); }
}

function fill(root, selector, text) {
  const element = root.querySelector(selector);
  if (text) { element.textContent = text; } else { element.remove(); }
}

// -- the parts ---------------------------------------------------------------------------------------------------

function shown(picture, file, alt) {
  const image = document.createElement("img");
  Object.assign(image, { alt, width: file.width, height: file.height, loading: "lazy", decoding: "async", src: file.src });
  return image;
}

/** Text as paragraphs, one a line. */
function paragraphs(text) {
  return (text || "").split("\n").filter((line) => line.trim()).map((line) => Object.assign(document.createElement("p"), { textContent: line }));
}

/** The words that have to be read with what a machine has made. */
function labelElement(aigc, tag) {
  return Object.assign(document.createElement(tag), { className: "aigc", textContent: aigc.text });
}

function bannerElement(banner) {
  const image = shown(banner, banner.large, banner.alt);
  image.className = "banner";
  if (!banner.aigc) { return image; }
  const both = document.createDocumentFragment();
  both.append(image, labelElement(banner.aigc, "small"));
  return both;
}

/** A row's picture, with what has to be said of it. */
function pictureElement(image, file) {
  const element = shown(image, file, "");
  if (!image.aigc) { return element; }
  const both = Object.assign(document.createElement("span"), { className: "pictured" });
  both.append(element, labelElement(image.aigc, "small"));
  return both;
}

function rowElement(row, first) {
  const element = clone("row");
  const link = element.querySelector("a");
  link.href = `#/article/${row.id}`;
  link.dataset.id = row.id;
  fillHeadline(element, ".headline", row.headline);
  fill(element, ".summary", row.summary);
  fill(element, ".source", row.source);
  time(element.querySelector("time"), row.published, day(row.published));
  if (!row.corrected) { element.querySelector(".mark").remove(); }
  if (row.image) { link.append(pictureElement(row.image, first ? row.image.large : row.image.thumbnail)); }
  link.classList.toggle("lead", first && Boolean(row.image));
  return element;
}

/** The body as elements: known ones only, pictures from this server. */
function bodyOf(html, images) {
  const files = new Map(images.map((image) => [image.large.src.split("/").pop(), image]));
  function copy(node) {
    if (node.nodeType === Node.TEXT_NODE) { return document.createTextNode(node.data); }
    if (node.nodeType !== Node.ELEMENT_NODE) { return document.createDocumentFragment(); }
    const known = TAGS.has(node.tagName);
    let element = known ? document.createElement(node.tagName) : document.createDocumentFragment();
    for (const name of (known && KEPT[node.tagName]) || []) {
      if (node.hasAttribute(name)) { element.setAttribute(name, node.getAttribute(name)); }
    }
    if (node.tagName === "IMG") {
      const image = files.get((node.getAttribute("src") || "").split("/").pop());
      const said = node.closest("figure")?.querySelector("figcaption")?.textContent.trim();
      return image ? shown(image, image.large, node.alt.trim() === said ? "" : node.alt) : document.createDocumentFragment();
    }
    const note = node.tagName === "A" && NOTE.exec(node.getAttribute("href") || "");
    if (note) {
      element.dataset.note = note[1];
    } else if (node.tagName === "A") {
      if (!/^(https?|mailto|tel):/i.test(element.getAttribute("href") || "")) { element.removeAttribute("href"); }
      Object.assign(element, { rel: "noopener", target: "_blank" });
    }
    if (node.tagName === "P" && NOTE.test(`#${node.id}`)) { element.id = node.id; }
    element.append(...[...node.childNodes].map(copy));
    if (node.tagName === "TABLE") {
      const scroll = document.createElement("div");
      Object.assign(scroll, { className: "scroll", tabIndex: 0 });
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", "表格，可左右滑动");
      scroll.append(element);
      element = scroll;
    }
    if (node.tagName === "TD" || node.tagName === "TH") { element.classList.toggle("long", node.textContent.trim().length > 10); }
    return element;
  }
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const body = document.createDocumentFragment();
  body.append(...[...parsed.body.childNodes].map(copy));
  joinNotes(body);
  return body;
}

/** Marks lead to their notes, and each note's number back to the first mark: within the article, whose address stays. */
function joinNotes(body) {
  const lead = (link, to) => {
    link.href = location.hash;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      to.tabIndex = -1;
      to.scrollIntoView({ block: "center" });
      to.focus({ preventScroll: true });
    });
  };
  for (const note of body.querySelectorAll("p[id]")) {
    const marks = body.querySelectorAll(`a[data-note="${note.id}"]`);
    for (const mark of marks) {
      mark.setAttribute("role", "doc-noteref");
      lead(mark, note);
    }
    const number = /^\s*(\[[0-9]+\])/.exec(note.firstChild?.data || "");
    if (!marks.length || !number) { continue; }
    const back = Object.assign(document.createElement("a"), { textContent: number[1] });
    back.setAttribute("role", "doc-backlink");
    lead(back, marks[0]);
    note.firstChild.data = note.firstChild.data.slice(number[0].length);
    note.prepend(back);
  }
}

/** Who did what, a line each, as printed. */
function creditsOf(envelope, people) {
  const printed = (name) => (SPACED_NAMES && TWO.test(name) ? [...name].join("　") : name);
  if (envelope.credits) {
    return envelope.credits.map(({ role, names = [], organisations = [] }) => `${role}：${[...names.map(printed), ...organisations].join("、")}`);
  }
  return PEOPLE.filter((role) => people(role).length).map((role) => `${word(role)}：${people(role).join("、")}`);
}

function articleElement(envelope, columns) {
  const article = envelope.article;
  if (article.pubStatus !== "usable") { return withdrawnElement(envelope); }
  const element = clone("article");
  const headline = (role) => (article.headlines || []).find((one) => one.role === role)?.value || "";
  const column = columns.find((one) => envelope.columns.includes(one.id));
  const body = (role) => (article.bodies || []).find((one) => one.role === role)?.value || "";
  const people = (role) => (article.infoSources || []).filter((one) => one.role === role).map((one) => one.name);
  if (envelope.banner) { element.prepend(bannerElement(bannerOf(envelope, column))); }
  fill(element, ".series", envelope.series?.name);
  fill(element, ".kicker", headline("kicker"));
  fillHeadline(element, "h1", headline("main"));
  fillHeadline(element, ".subhead", headline("subhead"));
  fill(element, ".facts .source", people("source").join("、"));
  fill(element, ".facts .column", column?.name);
  for (const link of element.querySelectorAll(".facts .column, .into a")) { link.href = `#/column/${column?.id}`; }
  if (!envelope.announces || !column) { element.querySelector(".into").remove(); }
  time(element.querySelector(".facts time"), article.firstCreated, minute(article.firstCreated));
  const notice = element.querySelector(".notice");
  if (envelope.notice) {
    time(notice.querySelector("time"), envelope.notice.at, minute(envelope.notice.at));
    if (envelope.notice.text) { notice.querySelector(".said").textContent = envelope.notice.text; }
  } else {
    notice.remove();
  }
  const notes = element.querySelector(".notes");
  const lines = paragraphs(body("editorsNote"));
  notes.append(...lines);
  if (!lines.length) { notes.remove(); }
  element.querySelector(".body").append(bodyOf(body("main"), envelope.images));
  if (envelope.aigc) { element.querySelector(".body").prepend(labelElement(envelope.aigc, "p")); }
  const credits = creditsOf(envelope, people);
  element.querySelector(".credits").append(...credits.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  element.querySelector(".web").href = envelope.url;
  element.querySelector(".share").addEventListener("click", () => share(headline("main"), envelope.url));
  return element;
}

/** The article's banner; the column's copy of it if it is the same picture, for that one is here already. */
function bannerOf(envelope, column) {
  const name = (banner) => banner?.large.src.split("/").pop();
  return name(column?.banner) === name(envelope.banner) ? column.banner : envelope.banner;
}

/** Previous and next in the series, and what became of numbers between. */
function drawAround(nav, { before, after }) {
  for (const [name, { row, gone }] of Object.entries({ previous: before, next: after })) {
    const parts = gone.map((one) => {
      const gap = clone("gap");
      gap.querySelector("b").textContent = one.number;
      if (one.notice?.text) { gap.querySelector(".why span").textContent = one.notice.text; } else { gap.querySelector(".why").remove(); }
      return gap;
    });
    if (row) {
      const link = clone("beside");
      link.href = `#/article/${row.id}`;
      link.querySelector("span").textContent = word(name);
      link.querySelector("b").replaceChildren(breakable(row.headline));
      parts.push(link);
    }
    nav.append(...(name === "previous" ? parts.reverse() : parts));
  }
  nav.hidden = !nav.childElementCount;
}

function withdrawnElement(envelope) {
  const element = clone("withdrawn");
  time(element.querySelector("time"), envelope.notice.at, minute(envelope.notice.at));
  if (envelope.notice.text) {
    element.querySelector(".reason span").textContent = envelope.notice.text;
  } else {
    element.querySelector(".reason").remove();
  }
  return element;
}

async function share(headline, url) {
  try {
    if (navigator.share) {
      await navigator.share({ title: headline, url });
    } else {
      await navigator.clipboard.writeText(url);
      say(word("copied"));
    }
  } catch (calledOff) { /* nothing was shared */ }
}

let saying = 0;
function say(text) {
  clearTimeout(saying);
  $("toast").textContent = text;
  $("toast").classList.add("shown");
  saying = setTimeout(() => $("toast").classList.remove("shown"), 4000);
}

// -- the views ---------------------------------------------------------------------------------------------------

const store = await openStore();
const news = syncWith(store);
const scrolls = new Map();
let drawn = "";

function route() {
  const [, kind, id] = location.hash.split("/");
  if (kind === "article" && id) { return { view: `article/${id}`, article: decodeURIComponent(id) }; }
  return { view: `list/${id || LATEST}`, list: kind === "column" && id ? decodeURIComponent(id) : LATEST };
}

/** Show what the address names. What is not here yet is read, if there is a network. */
async function draw({ moved = false } = {}) {
  const here = route();
  const start = await store.get("about", "start");
  const columns = start?.columns || [];
  const view = here.article ? articleView(here.article, columns) : listView(here.list, columns);
  const { element, heading, pictures = [], later } = await view;
  if (route().view !== here.view) { return; } // meanwhile somebody has gone elsewhere
  if (drawn && drawn !== here.view) { moved = true; }
  main.replaceChildren(element);
  drawn = here.view;
  if (later) { later(); }
  document.title = heading ? `${heading} - ${title}` : title;
  $("back").hidden = !here.article;
  $("brand").classList.toggle("aside", Boolean(here.article));
  drawTabs(here.list, columns);
  if (moved) {
    scrollTo(0, scrolls.get(here.view) || 0);
    main.focus({ preventScroll: true });
  }
  keepPictures(pictures);
}

function drawTabs(current, columns) {
  const open = columns.filter((one) => !one.closed || one.id === current);
  const tabs = [{ name: word("latest"), href: "#/", id: LATEST }, ...open.map((one) => ({ ...one, href: `#/column/${one.id}` }))];
  $("tabs").hidden = !current || !columns.length;
  $("tabs").firstElementChild.replaceChildren(...tabs.map((one) => {
    const element = clone("tab");
    const link = element.firstElementChild;
    Object.assign(link, { textContent: one.name, href: one.href });
    if (one.id === current) { link.setAttribute("aria-current", "page"); }
    return element;
  }));
  const here = $("tabs").querySelector("[aria-current]");
  if (here) {
    const strip = $("tabs").firstElementChild;
    strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }
}

async function listView(name, columns) {
  const column = columns.find((one) => one.id === name);
  if (name !== LATEST && columns.length && !column) { return { element: clone("nocolumn") }; }
  let list = await news.list(name);
  if (!list && columns.length) {
    if (!navigator.onLine) { return { element: clone("unsaved"), heading: column?.name }; }
    try {
      await news.refresh(name);
      list = await news.list(name);
    } catch (trouble) {
      return { element: clone(trouble instanceof Missing ? "missing" : "unsaved"), heading: column?.name };
    }
  }
  if (!list) { return { element: clone(navigator.onLine ? "empty" : "unsaved") }; }
  const element = clone("list");
  element.querySelector("h1").textContent = column?.name || word("latest");
  drawIntro(element, column);
  const rows = list.rows.map((row, index) => rowElement(row, index === 0));
  element.querySelector(".rows").append(...rows);
  if (!rows.length) { element.querySelector(".rows").replaceWith(clone("empty")); }
  const more = element.querySelector(".more");
  if (list.more) {
    more.firstElementChild.addEventListener("click", async (event) => {
      event.target.disabled = true;
      try {
        await news.more(name);
        await draw();
      } catch (trouble) {
        event.target.disabled = false;
        say(word("away"));
      }
    });
  } else {
    more.remove();
  }
  const synced = await store.get("about", "synced");
  if (synced) {
    const two = (number) => String(number).padStart(2, "0");
    time(element.querySelector(".synced time"), synced.toISOString(), `${two(synced.getMonth() + 1)}-${two(synced.getDate())} ${two(synced.getHours())}:${two(synced.getMinutes())}`);
  } else {
    element.querySelector(".synced").remove();
  }
  const pictures = list.rows.slice(0, 20).filter((row) => row.image).map((row, index) => (index === 0 && row === list.rows[0] ? row.image.large : row.image.thumbnail).src);
  if (column?.banner) { pictures.push(column.banner.large.src); }
  return { element, heading: column?.name, pictures };
}

/** What the column says of itself: banner, 编者按, and that it is closed. */
function drawIntro(element, column) {
  const intro = element.querySelector(".intro");
  if (!column?.banner && !column?.note && !column?.closed) { intro.remove(); return; }
  if (column.banner) { intro.append(bannerElement(column.banner)); }
  const heading = element.querySelector("h1");
  heading.classList.remove("unseen");
  intro.append(heading);
  if (column.closed) {
    const closed = clone("closed");
    closed.querySelector("span").textContent = column.closed;
    intro.append(closed);
  }
  if (column.note) {
    const note = clone("note");
    note.append(...paragraphs(column.note));
    intro.append(note);
  }
}

async function articleView(id, columns) {
  let envelope;
  try {
    if (!navigator.onLine && !(await store.get("articles", id))) { return { element: clone("unsaved") }; }
    envelope = await news.article(id);
  } catch (trouble) {
    return { element: clone(trouble instanceof Missing ? "missing" : "unsaved") };
  }
  const usable = envelope.article.pubStatus === "usable";
  const element = articleElement(envelope, columns);
  const later = usable && envelope.series?.href && (async () => {
    const found = await news.around(envelope);
    if (found) { drawAround(element.querySelector(".around"), found); }
  });
  return {
    element,
    later,
    heading: usable ? envelope.article.headlines[0].value : "",
    pictures: [...element.querySelectorAll("img")].map((image) => image.src),
  };
}

// -- keeping up --------------------------------------------------------------------------------------------------

let again;

async function catchUp({ asked = false } = {}) {
  if (!navigator.onLine) { $("offline").hidden = false; return; }
  $("refresh").classList.add("busy");
  try {
    const said = await news.sync();
    $("offline").hidden = true;
    const what = ["withdrawn", "corrected", "opened", "fresh"].find((name) => said[name]);
    if (what && drawn && main.querySelector("article, section")) { say(word(what)); } else if (asked) { say(word("same")); }
    await draw();
  } catch (trouble) {  // a browser that says it is online only knows that there is a network
    $("offline").hidden = false;
    clearTimeout(again);
    again = setTimeout(() => { if (!document.hidden) { catchUp(); } }, AGAIN);
    if (asked) { say(word("away")); }
    if (!drawn || main.querySelector(".empty")) { await draw(); }
  } finally {
    $("refresh").classList.remove("busy");
  }
}

function bigger(on) {
  document.documentElement.classList.toggle("elder", on);
  $("size").setAttribute("aria-pressed", String(on));
}

try { bigger(localStorage.getItem("elder") === "1"); } catch (refused) { /* then only for this visit */ }
$("size").addEventListener("click", () => {
  const on = $("size").getAttribute("aria-pressed") !== "true";
  bigger(on);
  try { localStorage.setItem("elder", on ? "1" : ""); } catch (refused) { /* the same */ }
});
$("refresh").addEventListener("click", () => catchUp({ asked: true }));
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
$("back").addEventListener("click", (event) => {
  if (history.state?.inside) { event.preventDefault(); history.back(); }
});
addEventListener("click", (event) => {
  if (event.target.closest?.("a[href^='#/']")) { scrolls.set(drawn, scrollY); }
}, true);
addEventListener("hashchange", () => {
  if (drawn && !history.state) { history.replaceState({ inside: true }, ""); }
  draw();
});
addEventListener("online", () => catchUp());
addEventListener("offline", () => { $("offline").hidden = false; });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { catchUp(); } });
setInterval(() => { if (!document.hidden) { catchUp(); } }, EVERY);
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  $("install").hidden = false;
  $("install").onclick = () => { $("install").hidden = true; event.prompt(); };
});

history.scrollRestoration = "manual";
if (navigator.serviceWorker) { navigator.serviceWorker.register("sw.js").catch(() => { /* then only with a network */ }); }
if (await store.get("about", "start")) { await draw(); }
await catchUp();
if (!drawn) { await draw(); }
document.documentElement.dataset.ready = "1";

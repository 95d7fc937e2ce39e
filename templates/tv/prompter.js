// The prompter: scrolls the programme, mirrored or not, by keyboard or mouse; windows of one machine keep in step.
"use strict";
const body = document.body, roll = document.querySelector(".roll"), text = roll.querySelector(".text");
const stories = [...roll.querySelectorAll("section")];
const show = name => document.querySelector(`[data-show=${name}]`);
const LIMITS = { speed: [20, 400], size: [32, 160], padding: [0, 30] };
const state = { run: false, mirror: false, speed: 90, size: innerWidth < 640 ? 40 : 72, padding: innerWidth < 640 ? 4 : 8 };
const KEPT = "tongfa-prompter";
try { Object.assign(state, JSON.parse(localStorage.getItem(KEPT)) || {}, { run: false }); } catch { /* first visit, or storage is off */ }

// Screens have different sizes: a place is a story's paragraph and how much of it has passed the line.
const parts = [...text.querySelectorAll("h2, p")];
const reading = () => roll.getBoundingClientRect().top + roll.clientHeight * 0.3;
function place() {
  const line = reading();
  let n = parts.findLastIndex(part => part.getBoundingClientRect().top <= line);
  n = Math.max(n, 0);
  const box = parts[n].getBoundingClientRect();
  return { n, share: (line - box.top) / (box.height || 1) };
}
function go({ n, share }) {
  const box = parts[Math.min(n, parts.length - 1)].getBoundingClientRect();
  roll.scrollTop = exact = roll.scrollTop + box.top + share * box.height - reading();
}

const together = "BroadcastChannel" in window ? new BroadcastChannel(`tongfa-prompter ${location.pathname}`) : null;
let leading = true, exact = 0, last = 0, told = 0;
function tell() {
  leading = true;
  together?.postMessage({ place: place(), run: state.run, speed: state.speed });
}
together?.addEventListener("message", ({ data }) => {
  if (data.hello) { if (leading) tell(); return; }
  leading = false;
  state.run = data.run;
  state.speed = data.speed;
  apply();
  go(data.place);
});

function apply() {
  text.style.setProperty("--size", `${state.size}px`);
  text.style.setProperty("--padding", `${state.padding}vw`);
  body.classList.toggle("mirror", state.mirror);
  for (const name of ["run", "mirror"]) document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", state[name]);
  for (const name of Object.keys(LIMITS)) document.querySelector(`[data-set=${name}]`).value = state[name];
  try { localStorage.setItem(KEPT, JSON.stringify(state)); } catch { /* storage is off */ }
}
function set(name, value) {
  const kept = place(), [least, most] = LIMITS[name];
  state[name] = Math.min(most, Math.max(least, value));
  apply();
  if (name !== "speed") go(kept);
  tell();
}
function current() { const line = reading(); return Math.max(0, stories.findLastIndex(one => one.getBoundingClientRect().top <= line + 1)); }
function jump(to) {
  const story = stories[Math.min(stories.length - 1, Math.max(0, to))];
  if (!story) return;
  roll.scrollTop = exact = roll.scrollTop + story.getBoundingClientRect().top - reading() + 1;
  tell();
}
const deeds = {
  run() { state.run = !state.run; exact = roll.scrollTop; apply(); tell(); },
  mirror() { state.mirror = !state.mirror; apply(); },
  previous() { jump(current() - 1); },
  next() { jump(current() + 1); },
  full() { document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.(); },
  hide() { const kept = place(); body.classList.toggle("bare"); go(kept); },
};
document.querySelector(".controls").addEventListener("click", event => {
  const name = event.target.dataset.do;
  if (name) { deeds[name](); if (name !== "hide") return; roll.focus(); }
});
document.querySelector(".controls").addEventListener("input", event => {
  if (event.target.dataset.set) set(event.target.dataset.set, Number(event.target.value));
});
const keys = {
  " ": deeds.run, m: deeds.mirror, f: deeds.full, h: deeds.hide,
  ArrowUp: () => set("speed", state.speed + 10), ArrowDown: () => set("speed", state.speed - 10),
  ArrowLeft: deeds.previous, ArrowRight: deeds.next, PageUp: deeds.previous, PageDown: deeds.next,
  "+": () => set("size", state.size + 4), "=": () => set("size", state.size + 4), "-": () => set("size", state.size - 4),
  "]": () => set("padding", state.padding + 1), "[": () => set("padding", state.padding - 1),
  Home: () => jump(0), End: () => jump(stories.length),
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || (event.target.matches("input") && event.key.startsWith("Arrow"))) return;
  if (event.target.matches("button, a") && event.key === " ") return;
  const deed = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (deed) { event.preventDefault(); deed(); }
});
roll.addEventListener("wheel", () => { exact = roll.scrollTop; requestAnimationFrame(tell); }, { passive: true });
roll.addEventListener("touchend", () => { exact = roll.scrollTop; tell(); }, { passive: true });

function step(now) {
  const passed = Math.min(0.1, (now - last) / 1000);
  last = now;
  if (state.run) {
    // Pixels a second in proportion to the size: the same speed is the same pace of reading on every screen.
    exact += passed * state.speed * state.size / 72;
    roll.scrollTop = exact;
    if (roll.scrollTop < exact - 2) { state.run = false; apply(); }
  }
  if (now - told > 250) {
    told = now;
    const here = current();
    stories.forEach((one, n) => one.classList.toggle("here", n === here));
    show("place").value = stories.length ? `${here + 1}/${stories.length}` : "";
    show("clock").value = new Date().toLocaleTimeString("zh-CN", { hour12: false });
    if (state.run && leading) together?.postMessage({ place: place(), run: true, speed: state.speed });
  }
  requestAnimationFrame(step);
}
apply();
const asked = stories.findIndex(one => `#${one.id}` === location.hash);
jump(Math.max(0, asked));
addEventListener("hashchange", () => jump(stories.findIndex(one => `#${one.id}` === location.hash)));
leading = false;
together?.postMessage({ hello: true });
setTimeout(() => { leading = leading || !state.run; }, 300);
requestAnimationFrame(step);

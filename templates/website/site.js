// Everything works without this file; it adds what a browser cannot do by itself.
(function () {
  "use strict";
  var root = document.documentElement;
  function kept(name) {
    try { return localStorage.getItem(name) || ""; } catch (refused) { return ""; }
  }
  function keep(name, value) {
    try { localStorage.setItem(name, value); } catch (refused) { /* only this page then */ }
  }
  function size(value) {
    root.dataset.size = value;
    document.querySelectorAll("[data-do=size]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.size === value));
    });
  }
  function say(text) {
    var place = document.querySelector(".done");
    if (place) { place.textContent = text; }
  }
  var deeds = {
    elder: function () {
      var on = !root.classList.contains("elder") && location.hash !== "#elder";
      if (location.hash === "#elder") { history.replaceState(null, "", location.pathname + location.search); location.hash = "content"; }
      root.classList.toggle("elder", on);
      keep("elder", on ? "1" : "");
    },
    size: function (button) {
      size(button.dataset.size);
      keep("size", button.dataset.size);
    },
    print: function () { window.print(); },
    share: function (button) {
      navigator.share({ title: document.title, url: button.dataset.url }).catch(function () { /* called off */ });
    },
    copy: function (button) {
      navigator.clipboard.writeText(button.dataset.url).then(
        function () { say(button.dataset.done); },
        function () { say(button.dataset.url); }
      );
    }
  };
  // On a phone the menu is one row that scrolls: it begins where the reader is.
  function reveal() {
    var here = document.querySelector("[data-menu] ul [aria-current]"), row = here && here.closest("ul");
    if (row) { row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2; }
  }
  // A page keeps the menu it was written with. That of the page of all columns is always the newest.
  function renew() {
    var menu = document.querySelector("[data-menu]"), old = menu && menu.querySelector("ul");
    if (!old || !window.fetch || !/^http/.test(location.protocol)) { return; }
    fetch(menu.dataset.menu).then(function (answer) { return answer.ok ? answer.text() : ""; }).then(function (text) {
      var now = new DOMParser().parseFromString(text, "text/html").querySelector("[data-menu] ul");
      var here = old.querySelector("[aria-current]");
      if (!now || old.contains(document.activeElement)) { return; }
      now.querySelectorAll("[data-entry]").forEach(function (entry) {
        entry.removeAttribute("aria-current");
        if (here && entry.dataset.entry === here.dataset.entry) { entry.setAttribute("aria-current", "true"); }
      });
      if (now.innerHTML !== old.innerHTML) { old.replaceWith(document.importNode(now, true)); reveal(); }
    }).catch(function () { /* the old one still leads everywhere */ });
  }
  // Before the first paint, so that nothing moves afterwards.
  root.classList.add("js");
  if (navigator.share) { root.classList.add("share"); }
  if (!navigator.clipboard) { root.classList.add("no-clipboard"); }
  if (kept("elder")) { root.classList.add("elder"); }
  size(kept("size"));
  document.addEventListener("DOMContentLoaded", function () {
    size(kept("size"));
    reveal();
    renew();
  });
  document.addEventListener("click", function (event) {
    var from = event.target.closest("[data-do]");
    if (from) {
      event.preventDefault();
      deeds[from.dataset.do](from);
    }
  });
})();

// What a script can spare the reader. Every page works without it: htmx fetches the content again when the ledger has
// grown; this file tells the server the reader's time zone, says whether the line is up, and opens the palette.
"use strict";

const root = document.documentElement;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("shipway_zone=" + zone)) {
  document.cookie = "shipway_zone=" + zone + "; Path=/; Max-Age=31536000; SameSite=Strict";
  // A page that was written for another zone is asked for once more; cookies may be switched off, so only once.
  if (root.dataset.zone && root.dataset.zone !== zone && document.cookie.includes("shipway_zone=")) {
    location.reload();
  }
}

const line = document.querySelector("#line");
const say = (word, text) => {
  line.className = "line " + word;
  line.textContent = text;
};
document.addEventListener("htmx:sse:after:connection", () => say("up", "live"));
document.addEventListener("htmx:sse:error", () => say("down", "reconnecting"));
document.addEventListener("htmx:sse:close", () => say("down", "not live"));
// A session that has ended answers with the form to sign in; the page that asks is then asked for as a whole.
document.addEventListener("htmx:response:error", (event) => {
  if (event.detail?.ctx?.response?.status === 401) location.reload();
});

const palette = document.querySelector("#palette");
if (palette) {
  const field = palette.querySelector("input");
  const found = palette.querySelector("#found");
  const links = () => [...found.querySelectorAll("a")];
  const choose = (to) => {
    links().forEach((it) => it.classList.toggle("chosen", it === to));
    to?.scrollIntoView({ block: "nearest" });
  };
  const open = (text) => {
    field.value = text;
    palette.showModal();
    field.dispatchEvent(new Event("palette"));
    field.focus();
  };
  document.addEventListener("keydown", (event) => {
    const writes = event.target.closest?.("input, textarea, select");
    const asks = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !writes);
    if (!asks || palette.open) return;
    event.preventDefault();
    open("");
  });
  document.querySelector(".find input")?.addEventListener("click", (event) => {
    event.preventDefault();
    open(event.target.value);
  });
  palette.addEventListener("click", (event) => event.target === palette && palette.close());
  palette.addEventListener("keydown", (event) => {
    const all = links();
    const at = all.findIndex((it) => it.classList.contains("chosen"));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && all.length) {
      event.preventDefault();
      location.assign(all[Math.max(at, 0)].href);
    }
  });
  new MutationObserver(() => choose(links()[0])).observe(found, { childList: true });
}

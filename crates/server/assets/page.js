// Refreshes the content when the ledger has grown. Without this script the page works by reloading it.
const content = document.querySelector("main[data-live]");
const line = document.querySelector("#line");

if (content) {
  let under_way = false;
  let again = false;

  async function refresh() {
    if (under_way) {
      again = true;
      return;
    }
    under_way = true;
    try {
      const answer = await fetch(content.dataset.live, { headers: { accept: "text/html" } });
      if (answer.status === 401) {
        location.reload();
        return;
      }
      if (answer.ok) {
        show(await answer.text());
      }
    } catch {
      // The line is down; the event source tells when it is up again.
    } finally {
      under_way = false;
      if (again) {
        again = false;
        refresh();
      }
    }
  }

  function show(text) {
    const focused = document.activeElement?.getAttribute("href");
    const top = scrollY;
    content.innerHTML = text;
    scrollTo({ top, behavior: "instant" });
    if (focused) {
      [...content.querySelectorAll("a")].find((it) => it.getAttribute("href") === focused)?.focus({ preventScroll: true });
    }
  }

  function say(word, text) {
    line.className = "line " + word;
    line.title = text;
    line.textContent = text;
  }

  const source = new EventSource("/live");
  source.onopen = () => {
    say("up", "live");
    refresh();
  };
  source.onerror = () => say("down", "reconnecting");
  source.onmessage = refresh;

  // Times go on while nothing happens.
  setInterval(() => document.visibilityState === "visible" && refresh(), 5000);
}

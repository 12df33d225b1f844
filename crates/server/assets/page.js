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

// A form that a passkey answers: the authenticator is asked first, and what it says is sent with the form.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (it) => it.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const authenticators = {
  get: ({ challenge, credential, rp }) =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(challenge), rpId: rp, userVerification: "required",
        allowCredentials: [{ type: "public-key", id: bytes(credential) }],
      },
    }),
  create: ({ challenge, rp, handle, name }) =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytes(challenge), rp: { id: rp, name: "Shipway" }, attestation: "none",
        user: { id: new TextEncoder().encode(handle), name, displayName: name },
        // ES256 (RFC 9053).
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { userVerification: "required", residentKey: "discouraged" },
      },
    }),
};
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const ask = authenticators[form.dataset.passkey];
  if (!ask || form.elements.clientDataJson.value) return;
  event.preventDefault();
  const fault = form.querySelector("[role=alert]");
  fault.hidden = true;
  try {
    if (!window.PublicKeyCredential) throw new Error("passkeys need HTTPS, or localhost");
    const { response } = await ask(form.dataset);
    const { elements } = form;
    elements.authenticatorData.value = text(response.authenticatorData ?? response.getAuthenticatorData());
    if (elements.signature) elements.signature.value = text(response.signature);
    elements.clientDataJson.value = text(response.clientDataJSON);
    form.requestSubmit();
  } catch (error) {
    fault.textContent = `No passkey has answered: ${error.message}`;
    fault.hidden = false;
  }
});

// The ledger's slider says where it stands, and takes the page there when it rests.
const slider = (event) => (event.target.matches?.("[data-slide]") ? event.target : null);
let rest;
document.addEventListener("input", (event) => {
  const it = slider(event);
  if (it) it.nextElementSibling.value = it.value;
});
document.addEventListener("change", (event) => {
  const it = slider(event);
  clearTimeout(rest);
  if (it) rest = setTimeout(() => it.form.requestSubmit(), 400);
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

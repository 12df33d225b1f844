// What a page costs at size: server time and bytes per page with 10,000 releases, 1,000 services and 200 environments in
// the store; paint, layout shift and size in the browser; memory, processor time and delay with 1,000 open live pages.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, get, request } from "node:http";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.mjs";
import { until } from "./site.mjs";

const builds = process.env.SHIPWAY_BIN_DIR ?? join(import.meta.dirname, "../target/debug");
const size = (name, usual) => Number(process.env[name] ?? usual);
const [RELEASES, SERVICES, ENVIRONMENTS] = [size("RELEASES", 10_000), size("SERVICES", 1_000), size("ENVIRONMENTS", 200)];
const WATCHERS = size("WATCHERS", 1_000);
/// Environments that have a host, and rollouts into these: one is under way in each, two wait, the others were cancelled.
const [HOSTS, ROLLOUTS] = [size("HOSTS", 20), size("ROLLOUTS", 1_000)];
/// So many of them are left as they are; the others are cancelled.
const UNDER_WAY = size("UNDER_WAY", 3 * HOSTS);
/// Whether there are policies that keep somebody from something, so that everybody's lists are looked through.
const RESTRICTED = size("RESTRICTED", 1) > 0;
/// Who has those pages open.
const PEOPLE = size("PEOPLE", 100);
const SAMPLES = size("SAMPLES", 200);
/// Requests at once while the store is filled.
const WRITERS = 32;

const folder = mkdtempSync(join(tmpdir(), "shipway-bench-"));
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const token_file = join(folder, "admin-token");
const args = ["serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--admin-token-file", token_file];
const server = spawn(join(builds, "shipway"), args, { stdio: ["ignore", "pipe", "pipe"] });
let url;
let said = "";
for (const stream of [server.stdout, server.stderr]) {
  stream.on("data", (it) => {
    said += it;
    url ??= said.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
  });
}

try {
  await until("the server listens", () => url);
  const token = readFileSync(token_file, "utf8").trim();
  await fill(token);
  const things = await ship(token);
  const cookie = await signIn(token);
  await pages(cookie, things);
  if (RESTRICTED) {
    console.log("\nfor somebody from whom policies keep a service and an environment");
    await pages(await whoSeesLess(token), things);
  }
  await paints(token, things);
  await watchers(await people(token), token);
} finally {
  agent.destroy();
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/// One request over a connection that is kept: status, headers, body, and the time from asking to the whole answer.
function ask(method, path, headers, body) {
  return new Promise((answered, failed) => {
    const began = performance.now();
    const asked = request(url + path, { method, headers, agent }, (answer) => {
      const pieces = [];
      answer.on("data", (it) => pieces.push(it));
      answer.on("end", () => {
        const took_ms = performance.now() - began;
        answered({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces), took_ms });
      });
    });
    asked.on("error", failed);
    asked.end(body);
  });
}

async function call(token, method, path, body) {
  const raw = Buffer.isBuffer(body);
  const type = raw ? "application/octet-stream" : "application/json";
  const sent = raw ? body : body && JSON.stringify(body);
  const headers = { authorization: `Bearer ${token}`, ...(sent && { "content-type": type, "content-length": Buffer.byteLength(sent) }) };
  const answer = await ask(method, path, headers, sent);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body.length ? JSON.parse(answer.body) : undefined;
}

/// Does `n` things, some at once.
async function many(n, thing) {
  let next = 0;
  const writer = async () => {
    while (next < n) await thing(next++);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

async function fill(token) {
  const began = performance.now();
  const api = (method, path, body) => call(token, method, `/api/v1${path}`, body);
  const apply = (text) => api("POST", "/resources/apply", { files: [{ path: "bench.yaml", text }], dryRun: false });
  const document = (kind, name, spec) => `apiVersion: shipway.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
  const service = (idx) => {
    const needs = idx >= 10 ? `, dependsOn: [{ service: service-${Math.floor(idx / 10)} }]` : "";
    const health = "health: { checks: [{ name: up, probe: { http: { path: /healthz } } }] }";
    return document("Service", `service-${idx}`, `{ owner: bench, tier: ${(idx % 4) + 1}${needs}, deployment: { command: [./run], ${health} } }`);
  };
  const environment = (idx) => document("Environment", `environment-${idx}`, `{ targets: { stage: environment-${idx} }, protected: ${idx % 5 === 1} }`);
  await apply(document("Team", "bench", "{}"));
  const all = (n, of) => Array.from({ length: n }, (_, idx) => of(idx)).join("---\n");
  await apply(all(SERVICES, service));
  await apply(all(ENVIRONMENTS, environment));
  const digests = [];
  await many(SERVICES, async (idx) => {
    const bytes = Buffer.from(`service-${idx}`);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    digests[idx] = digest;
    await api("PUT", `/blobs/${digest}`, bytes);
    const artifact = { service: `service-${idx}`, version: "1.0.0", digest, sizeBytes: bytes.length, format: "tar.gz" };
    await api("POST", "/artifacts", artifact);
  });
  await many(RELEASES, async (idx) => {
    const part = (at) => [`service-${at % SERVICES}`, { version: "1.0.0", artifact: digests[at % SERVICES] }];
    const parts = Object.fromEntries([part(idx), part(idx + 7), part(idx + 31)]);
    await api("POST", "/releases", { name: `train-${idx % 50}`, version: `1.${idx}.0`, parts });
    await api("POST", `/releases/train-${idx % 50}@1.${idx}.0/seal`);
  });
  const { size: events } = await api("GET", "/ledger");
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${RELEASES} releases, ${SERVICES} services, ${ENVIRONMENTS} environments: ${events} events in ${seconds} s`);
  console.log(`${availableParallelism()} cores of ${cpus()[0].model}; ${builds.split("/").at(-1)} build\n`);
}

/// Has rollouts under way, waiting and cancelled, changes before a board, and alerts; the address of one of each.
async function ship(token) {
  const began = performance.now();
  const api = (method, path, body) => call(token, method, `/api/v1${path}`, body);
  const spec = "{ members: [eva, grace], sees: [{ classes: [normal, major] }], quorum: 1/2, threshold: \">1/2\" }";
  const board = `apiVersion: shipway.dev/v1\nkind: Board\nmetadata: { name: cab }\nspec: ${spec}\n`;
  await api("POST", "/resources/apply", { files: [{ path: "board.yaml", text: board }], dryRun: false });
  await many(HOSTS, async (idx) => {
    const host = `host-${idx}`;
    const { secret } = await api("POST", "/tokens", { name: host, role: "agent" });
    const labels = { stage: `environment-${idx}` };
    await call(secret, "POST", "/api/v1/agents", { host, address: "127.0.0.1", labels });
  });
  const rollouts = [];
  await many(ROLLOUTS, async (idx) => {
    const release = idx % RELEASES;
    const asked = { release: `train-${release % 50}@1.${release}.0`, environment: `environment-${idx % HOSTS}` };
    rollouts[idx] = (await api("POST", "/rollouts", asked)).id;
    if (idx >= UNDER_WAY) await api("POST", `/rollouts/${rollouts[idx]}/abort`, { reason: "not today" });
  });
  const alert = (idx) => ({
    status: "firing", labels: { alertname: "Slow", service: `service-${idx}`, environment: `environment-${idx % HOSTS}` },
    annotations: { summary: "half of the requests take longer than 300 ms" }, startsAt: new Date().toISOString(),
    endsAt: "0001-01-01T00:00:00Z", fingerprint: `slow-${idx}`,
  });
  const { fired } = await api("POST", "/alerts", { version: "4", alerts: Array.from({ length: HOSTS }, (_, idx) => alert(idx)) });
  const { size: events } = await api("GET", "/ledger");
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${HOSTS} hosts, ${ROLLOUTS} rollouts, ${fired.length} alerts: ${events} events after ${seconds} s more\n`);
  // The first environment is free, the second protected.
  return { rollout: rollouts[0], change: rollouts[1].replace("rol_", "chg_"), alert: fired[0], past: Math.floor(events / 2) };
}

async function signIn(token) {
  const body = new URLSearchParams({ token }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": body.length };
  const answer = await ask("POST", "/sign-in", headers, body);
  return answer.headers["set-cookie"][0].split(";")[0];
}

/// Whose lists have to be looked through: policies name one service, one environment, and a hundred people who are nobody here.
async function whoSeesLess(token) {
  const quiet = ["Service::\"service-3\"", "Environment::\"environment-3\""].map((it, idx) => `@id("quiet-${idx}") forbid (principal == Person::"eve", action, resource in ${it});`);
  const others = Array.from({ length: 100 }, (_, idx) => `@id("other-${idx}") forbid (principal == Person::"other-${idx}", action, resource in Service::"service-${idx + 100}");`);
  const cedar = [...quiet, ...others].map((it) => `    ${it}\n`).join("");
  const text = `apiVersion: shipway.dev/v1\nkind: AccessPolicy\nmetadata: { name: quiet }\nspec:\n  cedar: |\n${cedar}`;
  await call(token, "POST", "/api/v1/resources/apply", { files: [{ path: "quiet.yaml", text }], dryRun: false });
  const { secret } = await call(token, "POST", "/api/v1/tokens", { name: "eve", role: "viewer" });
  return signIn(secret);
}

/// Cookies of as many people as share the live pages, each with a session of their own; most of them look on.
async function people(token) {
  const sessions = [];
  for (let n = 0; n < PEOPLE; n++) {
    const role = n % 10 === 0 ? "operator" : "viewer";
    const { secret } = await call(token, "POST", "/api/v1/tokens", { name: `person-${n}`, role });
    sessions.push(await signIn(secret));
  }
  return sessions;
}

async function pages(cookie, { rollout, change, alert, past }) {
  const last = `train-${(RELEASES - 1) % 50}@1.${RELEASES - 1}.0`;
  const paths = ["/", "/rollouts", "/releases", "/releases?q=train-7", `/releases/${last}`, "/services", "/services/service-7",
    "/environments", "/environments/environment-7", "/calendar", "/calendar?view=week", "/calendar?view=agenda", "/ledger",
    "/ledger?q=nothing-like-it", "/ledger/100", "/search?q=service-99", "/changes", "/cab", "/alerts", "/exceptions", "/reviews", "/me",
    "/design", `/rollouts/${rollout}`, `/rollouts/${rollout}/steps/1`, `/rollouts/${rollout}/abort`, `/changes/${change}`, "/cab/cab",
    `/alerts/${alert}`, "/releases/train-0@1.0.0/war-room", `/plan?release=${last}&environment=environment-7`,
    `/calendar/fit?release=${last}&environment=environment-7&slot=12`, `/?asOf=@${past}`];
  console.log("page                              p50 ms   p99 ms    bytes over the line");
  for (const path of paths) {
    const took = [];
    let bytes = 0;
    for (let n = 0; n < SAMPLES; n++) {
      const answer = await ask("GET", path, { cookie, "accept-encoding": "gzip" });
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
      took.push(answer.took_ms);
      bytes = answer.body.length;
    }
    took.sort((a, b) => a - b);
    const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1).padStart(8);
    // An id says no more than that there is one.
    const shown = path.replace(/(rol|chg|alr)_[0-9a-f]+/, "ID").replace(last, "NAME@VERSION");
    console.log(`${shown.padEnd(32)} ${at(0.5)} ${at(0.99)} ${String(bytes).padStart(8)}`);
  }
}

/// As the browser measures itself: an empty cache, then what came over the line and when it was seen.
async function paints(token, { rollout, change }) {
  const browser = await Browser.start();
  const { page } = await browser.person({ url }, token);
  console.log("\nin the browser                 first paint ms   layout shift   interaction ms   bytes of a first page");
  const last = `/releases/train-${(RELEASES - 1) % 50}@1.${RELEASES - 1}.0`;
  for (const path of ["/", "/rollouts", "/releases", last, "/services", "/services/service-7", "/environments", "/environments/environment-7", "/calendar",
    "/calendar?view=week", "/changes", `/changes/${change}`, `/rollouts/${rollout}`, "/cab", "/ledger", "/search?q=service-99"]) {
    const session = await page.context().newCDPSession(page);
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.goto(url + path, { waitUntil: "load" });
    const seen = await page.evaluate(() => new Promise((told) => {
      let shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((it) => (shift += it.value))).observe({ type: "layout-shift", buffered: true });
      let paint;
      const first = (list) => list.getEntriesByName("first-contentful-paint").forEach((it) => (paint = it.startTime));
      new PerformanceObserver(first).observe({ type: "paint", buffered: true });
      const entries = [performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")];
      // What the browser took from its own cache counts as if it had come over the line: a first page has none.
      const cost = (it) => it.transferSize || it.encodedBodySize;
      const bytes = entries.filter((it) => !it.name.includes("/live")).reduce((sum, it) => sum + cost(it), 0);
      window.slowest = 0;
      const slowest = (list) => list.getEntries().forEach((it) => (window.slowest = Math.max(window.slowest, it.duration)));
      new PerformanceObserver(slowest).observe({ type: "event", durationThreshold: 16, buffered: true });
      const settled = () => (paint === undefined ? setTimeout(settled, 50) : told({ paint, shift, bytes }));
      setTimeout(settled, 300);
    }));
    // From a key to the next paint, the slowest of those that open the palette and search with it. Browsers tell of what takes
    // 16 ms or longer, in steps of 8 ms.
    await page.keyboard.press("Control+k");
    await page.locator("#palette input").pressSequentially("service-9", { delay: 80 });
    await page.locator("#found a").first().waitFor();
    const delay = await page.evaluate(() => new Promise((told) => requestAnimationFrame(() => setTimeout(() => told(window.slowest), 100))));
    console.log(`${path.replace(/(rol|chg)_[0-9a-f]+/, "ID").padEnd(30)} ${seen.paint?.toFixed(0).padStart(14)} ${seen.shift.toFixed(4).padStart(14)} ${(delay ? delay.toFixed(0) : "<16").padStart(16)} ${String(seen.bytes).padStart(23)}`);
    await session.detach();
  }
  await browser.stop();
}

/// Opens as many live pages as are asked for; each fetches its content again when it is told to, as htmx does.
async function watchers(cookies, token) {
  const memory_mb = () => Number(readFileSync(`/proc/${server.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
  const cpu_s = () => readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((a, b) => a + Number(b), 0) / 100;
  const before_mb = memory_mb();
  const { size: seen } = await call(token, "GET", "/api/v1/ledger");
  const lines = new Agent({ keepAlive: true, maxSockets: WATCHERS });
  const open = [];
  let told = 0;
  let onTold = () => {};
  await Promise.all(Array.from({ length: WATCHERS }, (_, n) => new Promise((opened, failed) => {
    const cookie = cookies[n % cookies.length];
    const line = get(`${url}/live?seen=${seen}`, { headers: { cookie }, agent: lines }, (answer) => {
      if (answer.statusCode !== 200) failed(new Error(`a live page was refused: ${answer.statusCode}`));
      open.push(line);
      opened();
      answer.on("data", (it) => {
        if (!String(it).includes("event: ledger") && !String(it).includes("event:ledger")) return;
        told += 1;
        ask("GET", "/", { cookie, "hx-request": "true", "accept-encoding": "gzip" }).then((content) => onTold(content)).catch(() => {});
      });
    });
    line.on("error", () => {});
  })));
  console.log(`\n${WATCHERS} live pages of ${cookies.length} people: ${before_mb.toFixed(0)} MB before, ${memory_mb().toFixed(0)} MB with all open`);
  const [firsts, everyone, cpu] = [[], [], []];
  for (let round = 0; round < 5; round++) {
    told = 0;
    let done = 0;
    let first;
    const began_cpu = cpu_s();
    const began = performance.now();
    const all = new Promise((finished) => {
      onTold = () => {
        first ??= performance.now() - began;
        if (++done === WATCHERS) finished();
      };
    });
    await call(token, "POST", "/api/v1/pauses", { scope: { environment: "environment-1" }, reason: `round ${round}` });
    await all;
    firsts.push(first);
    everyone.push(performance.now() - began);
    cpu.push(cpu_s() - began_cpu);
    await call(token, "POST", "/api/v1/pauses/resume", { scope: { environment: "environment-1" } });
    // Both events may come as one message or as two; what follows is another round's.
    onTold = () => {};
    await new Promise((it) => setTimeout(it, 3000));
  }
  const middle = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  console.log(`an event: the first page had its new content after ${middle(firsts).toFixed(0)} ms, the last after ${middle(everyone).toFixed(0)} ms, at ${middle(cpu).toFixed(2)} s of processor time (medians of 5)`);
  for (const line of open) line.destroy();
  lines.destroy();
}

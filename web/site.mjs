// A site of its own for the browser to look at: a control plane, two routers and three hosts as processes, the example
// shop's declarations and builds, one release in production, and steady shoppers.
import { spawn } from "node:child_process";
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(import.meta.dirname, "..");
const builds = process.env.SHIPWAY_BIN_DIR ?? join(root, "target/debug");
const ROUTER_TOKEN = "the-routers-of-the-browser-tests";
const PORTS = 30;
const PATIENCE_MS = 90_000;
/// Sessions per second: enough for the judge, few enough for two cores.
const SHOPPERS = 40;
/// The defects with which each version of a service is built.
const VERSIONS = [
  ["catalogue", "1.0.0", {}],
  ["checkout", "1.0.0", {}],
  ["checkout", "1.2.0", { errorShare: 0.5, extraLatencyMs: 15 }],
  ["web", "1.0.0", {}],
];

export class Site {
  #children = [];
  #shopping = false;
  #sessions = new Set();

  static async start() {
    const site = new Site();
    try {
      await site.#start();
      return site;
    } catch (error) {
      // What was started so far must not outlive the tests.
      await site.stop();
      throw error;
    }
  }

  async #start() {
    const site = this;
    site.folder = mkdtempSync(join(tmpdir(), "shipway-web-"));
    site.port = await freePorts();
    site.url = `http://127.0.0.1:${site.port}`;
    mkdirSync(join(site.folder, "logs"));
    for (const [name, offset] of [["staging", 1], ["production", 2]]) {
      const admin = `127.0.0.1:${site.port + offset}`;
      site.#run(`router-${name}`, ["router", "--admin", admin, "--state", join(site.folder, `router-${name}.json`)]);
    }
    site.serve();
    await site.ready();
    site.token = readFileSync(join(site.folder, "admin-token"), "utf8").trim();
    const hosts = [["a", "staging=true,production=true"], ["b", "production=true"], ["c", "production=true"]];
    for (const [idx, [zone, labels]] of hosts.entries()) {
      const token = await site.issue(`host-${zone}`, "agent");
      const at = ["--host", `host-${zone}`, "--address", `127.0.1.${idx + 1}`, "--labels", `zone=${zone},${labels}`];
      const data = ["--data", join(site.folder, `host-${zone}`)];
      site.#run(`host-${zone}`, ["agent", "--server", site.url, ...at, ...data], token);
    }
    await site.#declare();
    await site.#register();
  }

  /// What this control plane answers to an operation of its API.
  async call(method, path, body, token = this.token) {
    const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
    const answer = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  async issue(name, role) {
    return (await this.call("POST", "/api/v1/tokens", { name, role })).secret;
  }

  /// A release of the shop with this build of checkout; a draft unless it is sealed.
  async release(version, checkout, sealed) {
    const parts = ["catalogue=1.0.0", `checkout=${checkout}`, "web=1.0.0"].flatMap((it) => ["--part", it]);
    await this.shipway(["release", "create", "shop", version, ...parts, ...(sealed ? ["--seal"] : [])]);
  }

  /// Ships it and waits until it has ended.
  async ship(version, environment) {
    const body = { release: `shop@${version}`, environment };
    const { id } = await this.call("POST", "/api/v1/rollouts", body);
    const stands = () => this.call("GET", `/api/v1/rollouts/${id}`);
    try {
      return await until(`shop@${version} in ${environment} ends`, async () => (await stands()).phase.name === "ended");
    } catch (error) {
      const { phase, waitingFor } = await stands();
      throw new Error(`${error.message}: ${JSON.stringify({ phase, waitingFor })}`);
    }
  }

  /// Attaches what staging's checks said, which opens production to the release.
  async prove(version) {
    const { bundle } = await this.call("GET", `/api/v1/releases/shop@${version}`);
    const subjects = [`shop@${version}`, ...Object.values(bundle.parts).map((it) => it.artifact)];
    const report = join(this.folder, `staging-${version}.xml`);
    writeFileSync(report, `<testsuite name="staging"><testcase name="buys a mug of ${version}"/></testsuite>`);
    await this.shipway(["evidence", "attach", report, ...subjects.flatMap((it) => ["--subject", it])]);
  }

  /// From now on, production begins nothing without a signed word.
  async protect() {
    const path = join(this.folder, "declarations/environments.yaml");
    const text = readFileSync(path, "utf8").replace("promotesFrom: staging", "promotesFrom: staging\n  changePolicy: owners-alone");
    const rule = "{ name: tier-1, when: { tiers: [1] }, class: normal, reason: it is a service of the first tier }";
    const policy = `kind: ChangePolicy\nmetadata: { name: owners-alone }\nspec: { rules: [${rule}] }\n`;
    writeFileSync(path, `${text}---\napiVersion: shipway.dev/v1\n${policy}`);
    await this.shipway(["apply", join(this.folder, "declarations")]);
  }

  /// Declares something beside what the shop declares.
  async declare(name, text) {
    const path = join(this.folder, `declarations/${name}.yaml`);
    writeFileSync(path, text);
    await this.shipway(["apply", path]);
  }

  /// Changes a file of what runs on that host, as somebody would who comes past the pipeline.
  stray(host) {
    const data = join(this.folder, host);
    const found = readdirSync(data, { recursive: true }).find((it) => it.endsWith("shop.json"));
    writeFileSync(join(data, found), " ", { flag: "a" });
  }

  /// Lets shoppers in; they browse, fill a cart and pay, over and over.
  open() {
    this.#shopping = true;
    (async () => {
      while (this.#shopping) {
        const session = shop(`http://127.0.0.1:${this.port + 20}`).catch(() => {});
        this.#sessions.add(session);
        session.finally(() => this.#sessions.delete(session));
        await sleep(1000 / SHOPPERS);
      }
    })();
  }

  /// What the program prints when it is called with `args` against this control plane.
  async shipway(args) {
    const env = { ...process.env, SHIPWAY_SERVER: this.url, SHIPWAY_TOKEN: this.token };
    const child = spawn(join(builds, "shipway"), args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (it) => (out += it));
    child.stderr.on("data", (it) => (err += it));
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`shipway ${args.join(" ")}: ${err}`);
    return out;
  }

  serve() {
    const data = ["--data", join(this.folder, "control-plane"), "--admin-token-file", join(this.folder, "admin-token")];
    this.#run("control-plane", ["serve", "--listen", `127.0.0.1:${this.port}`, ...data]);
  }

  async ready() {
    await until("the control plane is ready", async () => (await fetch(`${this.url}/readyz`).catch(() => ({}))).ok);
  }

  async stop() {
    this.#shopping = false;
    await Promise.all(this.#sessions);
    for (const child of this.#children) child.kill("SIGTERM");
    await Promise.all(this.#children.map((it) => it.exitCode ?? Promise.race([once(it, "exit"), sleep(20_000)])));
    endServices(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #run(name, args, token) {
    const log = openSync(join(this.folder, "logs", `${name}.log`), "a");
    const env = { ...process.env, SHIPWAY_ROUTER_TOKEN: ROUTER_TOKEN, SHIPWAY_TOKEN: token ?? "", SHIPWAY_SERVER: "" };
    if (!token) delete env.SHIPWAY_TOKEN;
    delete env.SHIPWAY_SERVER;
    this.#children.push(spawn(join(builds, "shipway"), args, { env, stdio: ["ignore", log, log] }));
    closeSync(log);
  }

  async #declare() {
    const [from, to] = [join(root, "examples/shop/shipway"), join(this.folder, "declarations")];
    cpSync(from, to, { recursive: true });
    for (const name of readdirSync(to)) {
      const text = readFileSync(join(to, name), "utf8");
      // The declarations name the ports from 7100 on. Verdicts get more time: how long a slow machine takes to send as many
      // requests as they need is not what is tested.
      const local = text.replace(/127\.0\.0\.1:71(\d\d)/g, (_, it) => `127.0.0.1:${this.port + Number(it)}`);
      // Grace belongs to each team, so that one signature is enough.
      const members = local.replace(/members: \[/g, "members: [grace, ");
      writeFileSync(join(to, name), members.replace(/timeout: (12|6)s/g, "timeout: 1m"));
    }
    await this.shipway(["apply", to]);
    await until("three agents are there", async () => (await this.call("GET", "/api/v1/agents")).items.length === 3);
  }

  async #register() {
    for (const [service, version, defects] of VERSIONS) {
      const folder = join(this.folder, "builds", `${service}-${version}`);
      mkdirSync(folder, { recursive: true });
      cpSync(join(builds, `shop-${service}`), join(folder, `shop-${service}`));
      writeFileSync(join(folder, "shop.json"), JSON.stringify({ version, defects }));
      const packed = `${folder}.tar.gz`;
      await this.shipway(["artifact", "pack", folder, "--output", packed]);
      const about = ["--service", service, "--version", version, "--commit", "0f3c5d1e9b7a", "--builder", "ci"];
      await this.shipway(["artifact", "register", packed, ...about]);
    }
  }
}

async function shop(url) {
  let cookie = "";
  const steps = [["GET", "/"], ["POST", "/cart", { sku: "mug", quantity: 1 }], ["POST", "/checkout"]];
  for (const [method, path, body] of steps) {
    const headers = { cookie, ...(body && { "content-type": "application/json" }) };
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body), signal });
    cookie = answer.headers.getSetCookie().map((it) => it.split(";")[0]).join("; ") || cookie;
    await answer.arrayBuffer();
  }
}

/// Waits until `condition` gives something, and gives that.
export async function until(what, condition, patience_ms = PATIENCE_MS) {
  const end = Date.now() + patience_ms;
  for (;;) {
    const given = await condition();
    if (given) return given;
    if (Date.now() > end) throw new Error(`${patience_ms / 1000} s have passed, and it is not so that ${what}`);
    await sleep(50);
  }
}

/// The first of 30 free loopback ports in a row. The declarations name ports, so they cannot be left to the system.
async function freePorts() {
  const isFree = (port) =>
    new Promise((answer) => {
      const probe = createServer().once("error", () => answer(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => answer(true)));
    });
  for (let first = 21_000; first < 31_000; first += PORTS) {
    const all = await Promise.all(Array.from({ length: PORTS }, (_, idx) => isFree(first + idx)));
    if (all.every(Boolean)) return first;
  }
  throw new Error("no 30 loopback ports in a row are free");
}

/// Services outlive their agents by design; those of this site, which run in its folder, must not outlive it.
function endServices(folder) {
  for (const pid of readdirSync("/proc").filter((it) => /^\d+$/.test(it))) {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
}

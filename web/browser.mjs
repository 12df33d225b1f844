// A browser, and what every look at a page is held to.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
/// Kept for whoever wants to look; nothing is compared with them.
const SCREENSHOTS = process.env.SHIPWAY_SCREENSHOTS ?? join(import.meta.dirname, "../target/web-screenshots");
const WIDTHS = [360, 1280, 2560];

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), "shipway-chromium-"));
    mkdirSync(SCREENSHOTS, { recursive: true });
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    // Contexts of one browser share no cookies, so each is a person of its own.
    browser.chromium = await chromium.launch({ executablePath, headless: true, args: FLAGS });
    return browser;
  }

  /// Somebody who has signed in with `token`, on the site's address or another name of it.
  async person(site, token, { url = site.url, ...options } = {}) {
    const context = await this.chromium.newContext({ timezoneId: "Europe/Berlin", locale: "en-GB", ...options });
    const page = await context.newPage();
    const faults = watch(page);
    const person = { context, page, faults, site };
    await page.goto(url);
    await page.locator("#token").fill(token);
    await page.getByRole("button", { name: "Sign in with the token" }).click();
    await page.getByRole("heading", { level: 1, name: "Now" }).waitFor();
    return person;
  }

  async stop() {
    await this.chromium.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/// What must not happen on any page: faults of scripts, violations of the policy, requests to elsewhere.
function watch(page) {
  const faults = [];
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !/Failed to load resource/.test(text)) faults.push(`console: ${text}`);
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && !["127.0.0.1", "localhost"].includes(hostname)) faults.push(`elsewhere: ${request.url()}`);
  });
  return faults;
}

/// Gives the browser a fingerprint reader whose user always lays a finger on it.
export async function plugIn(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true };
  const user = { isUserVerified: true, automaticPresenceSimulation: true };
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options: { ...options, ...user } });
}

/// Nothing that axe calls serious or critical.
export async function assertAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
  const serious = violations.filter((it) => ["serious", "critical"].includes(it.impact));
  const told = serious.map((it) => `${it.id}: ${it.help}\n  ${it.nodes.slice(0, 3).map((node) => node.html).join("\n  ")}`);
  assert.equal(told.length, 0, `${what}:\n${told.join("\n")}`);
}

/// Of several that look at once, one takes its picture: Chromium draws two large ones into one another now and then.
let turn = Promise.resolve();
function takeTurn(thing) {
  const done = turn.then(thing);
  turn = done.catch(() => {});
  return done;
}

/// When what was laid out has been drawn.
const drawn = (page) => page.evaluate(() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told))));

/// A picture at each width, by resizing alone. The page must not be wider than its window.
export async function picture(page, name) {
  const faults = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width === 360 ? 780 : 1000 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    const path = join(SCREENSHOTS, `${name}-${width}.png`);
    await takeTurn(async () => {
      await drawn(page);
      await page.screenshot({ path, fullPage: true });
    });
    if (wide > 0) faults.push(`${name} is ${wide} px wider than a window of ${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 1000 });
  assert.deepEqual(faults, []);
}

// The pages in a real browser, against a real site.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Browser, assertAccessible, picture } from "./browser.mjs";
import { Site, until } from "./site.mjs";

let site;
let browser;
let ada;
/// The address of the rollout that is taken back.
let bad;

before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  await site.release("1.0.0", "1.0.0", true);
  await site.ship("1.0.0", "staging");
  await site.ship("1.0.0", "production");
  site.open();
  await site.release("1.2.0", "1.2.0", false);
  ada = await browser.person(site, await site.issue("ada", "operator"));
});

after(async () => {
  await browser?.stop();
  await site?.stop();
});

/// Shipped from the plan's page, by clicks alone.
async function start(page, environment) {
  await page.goto(`${site.url}/releases/shop@1.2.0`);
  await page.getByRole("link", { name: `Plan for ${environment}` }).click();
  await page.getByRole("heading", { name: "Every step" }).waitFor();
  await page.getByRole("button", { name: "Start this plan" }).click();
  await page.waitForURL(/\/rollouts\/rol_/);
}

describe("the main job", () => {
  it("is done wholly in the browser: seal, plan, start, watch the bad canary being taken back", async () => {
    const { page } = ada;
    await page.getByRole("link", { name: "Releases" }).click();
    await page.getByRole("link", { name: /shop 1\.2\.0/ }).click();
    await page.getByRole("button", { name: "Seal it" }).click();
    await page.locator("main .state .badge").filter({ hasText: "sealed" }).waitFor();

    await start(page, "staging");
    const state = page.locator("main .state .badge");
    await state.filter({ hasText: "succeeded" }).waitFor({ timeout: 60_000 });

    // Somebody else looks on, and sees the same without doing anything.
    const grace = await browser.person(site, await site.issue("grace", "viewer"));
    await start(page, "production");
    bad = page.url();
    await grace.page.getByRole("link", { name: /shop 1\.2\.0 → production/ }).first().waitFor({ timeout: 10_000 });
    await grace.page.goto(bad);
    await page.getByText("Evidence", { exact: false }).first().waitFor({ timeout: 60_000 });
    await picture(page, "rollout-canary");
    for (const { page } of [ada, grace]) {
      await page.locator("main .state .badge").filter({ hasText: "rolled back" }).waitFor({ timeout: 90_000 });
      await page.getByText("Taken back: what ran before runs again.").waitFor();
      await page.locator(".trial .badge").filter({ hasText: "harmful" }).first().waitFor();
    }
    assert.equal(await grace.page.locator("main .actions").count(), 0, "a viewer is offered nothing to decide");
    assert.deepEqual(grace.faults, []);
    await grace.context.close();
  });

  it("shows a decision to whoever looks on, within a quarter of a second of the event", async () => {
    const grace = await browser.person(site, await site.issue("linus", "operator"));
    await ada.page.goto(`${site.url}/environments/staging`);
    await grace.page.goto(`${site.url}/environments/staging`);
    await grace.page.locator("#line.up").waitFor();
    // From when the event is written until the notice is on the other screen, by one and the same clock.
    await grace.page.evaluate(() => {
      new MutationObserver(() => {
        if (document.body.textContent.includes("because we look")) window.seen ??= Date.now();
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await ada.page.getByLabel("Why").fill("because we look");
    await ada.page.getByRole("button", { name: "Pause staging" }).click();
    const seen = await until("the pause is on the other screen", () => grace.page.evaluate(() => window.seen));
    const { items } = await site.call("GET", "/api/v1/pauses");
    const took = seen - Date.parse(items[0].since);
    console.log(`an event was on another screen after ${took} ms`);
    await grace.page.getByRole("button", { name: "Resume staging" }).click();
    await ada.page.getByRole("button", { name: "Pause staging" }).waitFor();
    assert.deepEqual(grace.faults, []);
    await grace.context.close();
  });
});

describe("every page", () => {
  const pages = () => ({
    now: "/",
    rollouts: "/rollouts",
    rollout: new URL(bad).pathname,
    step: `${new URL(bad).pathname}/steps/1`,
    "roll-back": `${new URL(bad).pathname}/roll-back`,
    releases: "/releases",
    release: "/releases/shop@1.2.0",
    plan: "/plan?release=shop@1.2.0&environment=production&against=shop@1.0.0",
    services: "/services",
    service: "/services/checkout",
    environments: "/environments",
    environment: "/environments/production",
    "calendar-month": "/calendar",
    "calendar-week": "/calendar?view=week",
    "calendar-agenda": "/calendar?view=agenda&at=2026-12-24T12:00&length=45m",
    ledger: "/ledger",
    "ledger-search": "/ledger?q=rollout.ended",
    event: "/ledger/12",
    search: "/search?q=shop",
    design: "/design",
    refusal: "/services/none",
    past: "/?asOf=@40",
  });

  for (const scheme of ["light", "dark"]) {
    it(`loads, is accessible and fits, in ${scheme}`, async () => {
      const { page } = ada;
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      // All faults of all pages at once, so that one run shows what is to be mended.
      const faults = [];
      for (const [name, path] of Object.entries(pages())) {
        await page.goto(site.url + path);
        await page.locator("h1").first().waitFor();
        const shown = scheme === "light" ? name : `${name}-dark`;
        for (const look of [() => assertAccessible(page, shown), () => picture(page, shown)]) {
          await look().catch((error) => faults.push(error.message));
        }
      }
      assert.deepEqual([...faults, ...ada.faults], []);
    });
  }

  it("is read and used without any script", async () => {
    const token = await site.issue("without-scripts", "operator");
    const plain = await browser.person(site, token, { javaScriptEnabled: false });
    for (const [name, path] of Object.entries(pages())) {
      await plain.page.goto(site.url + path);
      assert.ok((await plain.page.locator("h1").count()) > 0, name);
    }
    await plain.page.goto(`${site.url}/environments/staging`);
    await plain.page.locator("#reason").fill("by hand");
    await plain.page.getByRole("button", { name: "Pause staging" }).click();
    await plain.page.getByRole("button", { name: "Resume staging" }).click();
    await plain.page.getByRole("button", { name: "Pause staging" }).waitFor();
    await plain.context.close();
  });

  it("says when somebody is not signed in", async () => {
    const context = await browser.chromium.newContext();
    const page = await context.newPage();
    await page.goto(bad);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await assertAccessible(page, "sign in");
    await picture(page, "sign-in");
    await context.close();
  });
});

describe("the keyboard", () => {
  it("reaches the content, every part of the navigation, and a decision", async () => {
    const { page } = ada;
    await page.goto(site.url);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    const reached = new Set();
    for (let n = 0; n < 12; n++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.textContent.trim()));
    }
    for (const area of ["Now", "Rollouts", "Releases", "Services", "Environments", "Calendar", "Ledger"]) {
      assert.ok(reached.has(area), `${area} is not reached: ${[...reached]}`);
    }
    await page.goto(`${site.url}/environments/staging`);
    await page.getByLabel("Why").focus();
    await page.keyboard.type("by keyboard");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Resume staging" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Pause staging" }).waitFor();
  });

  it("goes anywhere by the palette", async () => {
    const { page } = ada;
    await page.goto(site.url);
    await page.keyboard.press("Control+k");
    await page.locator("#palette input").pressSequentially("checkout");
    await page.locator("#found a.chosen", { hasText: "checkout" }).waitFor();
    await assertAccessible(page, "the palette");
    await page.screenshot({ path: "../target/web-screenshots/palette-1280.png" });
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "checkout" }).waitFor();
    assert.deepEqual(ada.faults, []);
  });
});

describe("the past", () => {
  it("is shown as it was, and every link of it leads to the same past", async () => {
    const { page } = ada;
    const { items } = await site.call("GET", "/api/v1/ledger/events?limit=1000");
    const queued = items.find((it) => it.event.type === "rollout.queued");
    await page.goto(`${site.url}/?asOf=@${queued.position}`);
    await page.getByText("As it was").waitFor();
    await page.getByRole("link", { name: /shop 1\.0\.0/ }).first().click();
    await page.getByText("As it was").waitFor();
    assert.match(page.url(), /asOf=/);
    assert.equal(await page.getByText("succeeded").count(), 0);
    await page.getByRole("link", { name: "Back to now" }).click();
    await page.locator("main .state .badge").filter({ hasText: "succeeded" }).waitFor();
  });

  it("is asked for at the foot of any page", async () => {
    const { page } = ada;
    await page.goto(`${site.url}/services?q=check`);
    await page.getByLabel("This page as of").fill("@60");
    await page.getByRole("button", { name: "Look back" }).click();
    await page.getByText("As it was").waitFor();
    assert.match(page.url(), /q=check/);
  });
});

// The pages in a real browser, against a real site.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Browser, assertAccessible, picture, plugIn } from "./browser.mjs";
import { Site, until } from "./site.mjs";

let site;
let browser;
let ada;
/// The address of the rollout that is taken back.
let bad;
/// The address of the change that it carries out.
let change;
/// The address of a change before a board.
let voted;
/// The address of an alert.
let alert;

before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  await site.release("1.0.0", "1.0.0", true);
  await site.ship("1.0.0", "staging");
  await site.prove("1.0.0");
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

/// Somebody whose finger signs here: what they signed with before is revoked, and a passkey of this browser registered.
async function signer(name) {
  const here = site.url.replace("127.0.0.1", "localhost");
  const person = await browser.person(site, await site.issue(name, "approver"), { url: here });
  const { page } = person;
  await plugIn(page);
  await page.goto(`${here}/me`);
  const revoke = page.getByRole("button", { name: "Revoke", exact: true });
  for (let n = await revoke.count(); n > 0; n--) {
    await page.getByLabel(/^Why .* is revoked$/).first().fill("the laptop is gone");
    await revoke.first().click();
    await until("it is revoked", async () => (await revoke.count()) === n - 1);
  }
  await page.getByLabel("What to call it").fill("finger");
  await page.getByRole("button", { name: "Register a passkey" }).click();
  await page.locator(".asks", { hasText: "finger" }).waitFor();
  return { ...person, here };
}

/// Looks at what waits for her word, registers a passkey, and signs with it.
async function approve({ page }) {
  await plugIn(page);
  await page.getByRole("heading", { name: "Needs you" }).waitFor({ timeout: 10_000 });
  await page.getByRole("link", { name: "Look and sign" }).first().click();
  change = page.url();
  await page.getByText("Your word is asked for.").waitFor();
  await page.getByRole("link", { name: "Approve" }).click();
  await page.getByRole("link", { name: "Register a passkey" }).click();
  await page.getByLabel("What to call it").fill("laptop");
  await page.getByRole("button", { name: "Register a passkey" }).click();
  await page.locator(".asks", { hasText: "laptop" }).waitFor();
  await assertAccessible(page, "you");
  await picture(page, "you");
  await page.goto(`${change}?decision=approve`);
  await page.getByLabel("Note for the record").fill("looked at the plan and the risk");
  await assertAccessible(page, "signing");
  await picture(page, "signing");
  await page.getByRole("button", { name: "Approve with a passkey" }).click();
  await page.locator(".asks", { hasText: "looked at the plan and the risk" }).waitFor();
  await page.locator(".asks .badge").filter({ hasText: "approved" }).first().waitFor();
  assert.equal(await page.getByText("Waits:").count(), 0);
}

describe("the main job", () => {
  it("is done wholly in the browser: seal, plan, start, approve, watch the bad canary being taken back", async () => {
    const { page } = ada;
    await page.getByRole("link", { name: "Releases" }).click();
    await page.getByRole("link", { name: /shop 1\.2\.0/ }).click();
    await page.getByRole("button", { name: "Seal it" }).click();
    await page.locator("main .state .badge").filter({ hasText: "sealed" }).waitFor();

    await start(page, "staging");
    const state = page.locator("main .state .badge");
    await state.filter({ hasText: "succeeded" }).waitFor({ timeout: 60_000 });

    await site.prove("1.2.0");
    // Staging shares a host with it, and would be protected too.
    await site.protect();

    // Somebody else looks on, and sees the same without doing anything.
    const vera = await browser.person(site, await site.issue("vera", "viewer"));
    // Passkeys belong to a name, and a number is none.
    const here = site.url.replace("127.0.0.1", "localhost");
    const grace = await browser.person(site, await site.issue("grace", "approver"), { url: here });
    await start(page, "production");
    bad = page.url();
    await approve(grace);
    await vera.page.getByRole("link", { name: /shop 1\.2\.0 → production/ }).first().waitFor({ timeout: 10_000 });
    await vera.page.goto(bad);
    await page.getByText("Evidence", { exact: false }).first().waitFor({ timeout: 60_000 });
    await picture(page, "rollout-canary");
    for (const { page } of [ada, vera]) {
      await page.locator("main .state .badge").filter({ hasText: "rolled back" }).waitFor({ timeout: 90_000 });
      await page.getByText("Taken back: what ran before runs again.").waitFor();
      await page.locator(".trial .badge").filter({ hasText: "harmful" }).first().waitFor();
    }
    assert.equal(await vera.page.locator("main .actions").count(), 0, "a viewer is offered nothing to decide");
    for (const it of [vera, grace]) {
      assert.deepEqual(it.faults, []);
      await it.context.close();
    }
  });

  it("is told in the war room, by whoever has something to say", async () => {
    const { page } = ada;
    await page.goto(bad);
    await page.getByRole("link", { name: "war room" }).click();
    await page.getByLabel("Name one person whom all others ask").fill("grace");
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await page.getByText("grace decides").first().waitFor();
    await page.getByLabel("Write down what you see").fill("the new checkout fails every second order");
    await page.getByRole("button", { name: "Note", exact: true }).click();
    await page.getByText("the new checkout fails every second order").waitFor();
    await page.locator(".told .badge").filter({ hasText: "taken back" }).waitFor();
    await page.goto(bad);
    await page.locator(".story", { hasText: "the new checkout fails every second order" }).waitFor();
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

describe("words", () => {
  let eva;
  let grace;

  before(async () => {
    [eva, grace] = [await signer("eva"), await signer("grace")];
    const board = "{ members: [eva, grace], sees: [{ classes: [normal, major] }], quorum: 1/2, threshold: \">1/2\" }";
    await site.declare("board", `apiVersion: shipway.dev/v1\nkind: Board\nmetadata: { name: cab }\nspec: ${board}\n`);
    const day = (n) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 19) + "Z";
    const booking = `{ environment: staging, team: payments, from: "${day(1)}", until: "${day(2)}", reason: rehearsal of the move }`;
    await site.declare("booking", `apiVersion: shipway.dev/v1\nkind: Booking\nmetadata: { name: rehearsal }\nspec: ${booking}\n`);
    const labels = { alertname: "SlowCatalogue", service: "catalogue", environment: "staging" };
    const annotations = { summary: "half of the requests take longer than 300 ms" };
    const told = { status: "firing", labels, annotations, startsAt: new Date().toISOString(), endsAt: "0001-01-01T00:00:00Z", fingerprint: "c1" };
    const { fired } = await site.call("POST", "/api/v1/alerts", { version: "4", alerts: [told] });
    alert = `/alerts/${fired[0]}`;
  });

  after(async () => {
    for (const it of [eva, grace]) {
      assert.deepEqual(it?.faults ?? [], []);
      await it?.context.close();
    }
  });

  it("hold the review that a change owes, and finish what was promised there", async () => {
    const { page, here } = grace;
    await page.goto(`${here}/reviews`);
    await page.getByText("Hold it", { exact: true }).first().click();
    await page.getByLabel("What happened, and what it did to whom").fill("every second order failed for 20 s");
    await page.getByLabel("What let it happen").fill("no test pays with an empty cart");
    await page.getByLabel("What will be done").fill("test-empty-cart");
    await page.getByLabel("Until").fill(new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 16));
    await page.getByRole("button", { name: "Record the review" }).click();
    await page.getByText("every second order failed for 20 s").waitFor();
    await page.getByLabel("Note about test-empty-cart").fill("it is in the suite");
    await page.getByRole("button", { name: "test-empty-cart is done" }).click();
    await page.locator(".asks .badge").filter({ hasText: "done" }).waitFor();
  });

  it("vote on a board, on a condition that somebody then says is met", async () => {
    await start(ada.page, "production");
    const { page, here } = eva;
    await page.goto(`${here}/cab`);
    await page.getByText("needs you").waitFor();
    await page.getByRole("link", { name: /shop 1\.2\.0 → production/ }).click();
    voted = page.url();
    await page.getByText("Your vote is asked for.").waitFor();
    await page.getByRole("link", { name: "Vote for" }).click();
    await page.getByText("Only on conditions").click();
    await page.getByLabel("What has to be so").fill("the rollback was rehearsed");
    await page.getByRole("button", { name: "Put it together again" }).first().click();
    await page.getByLabel("Note for the record").fill("the plan is sound");
    await assertAccessible(page, "voting");
    await picture(page, "voting");
    await page.getByRole("button", { name: "Vote for it with a passkey" }).click();
    await page.locator("#boards .badge").filter({ hasText: "on conditions" }).waitFor();
    await page.getByLabel("How you know that the rollback was rehearsed").fill("on Tuesday, in staging");
    await page.getByRole("button", { name: "It is so that the rollback was rehearsed" }).click();
    await page.locator("#boards .badge").filter({ hasText: "met" }).waitFor();
    await page.locator("#boards .badge").filter({ hasText: "approved" }).waitFor();
    await page.goto(`${here}/cab/cab`);
    await page.locator("#minutes").getByText("the plan is sound", { exact: true }).waitFor();
  });

  it("are declined and taken back", async () => {
    const { page } = grace;
    await page.goto(voted);
    await page.getByRole("link", { name: "Decline" }).click();
    await page.getByRole("button", { name: "Decline with a passkey" }).click();
    await page.locator(".asks .badge").filter({ hasText: "declined" }).waitFor();
    await page.getByLabel("You have given your word. Why take it back?").fill("the fault is mended");
    await page.getByRole("button", { name: "Take my word back" }).click();
    await page.getByText("Your word is asked for.").waitFor();
    await page.locator(".asks .badge").filter({ hasText: "does not count" }).first().waitFor();
  });

  it("are lent, and lent no longer", async () => {
    const { page, here } = eva;
    await page.goto(`${here}/me`);
    await page.getByLabel("Who", { exact: true }).fill("gus");
    await page.getByLabel("Until").fill(new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 16));
    await page.getByLabel("Why", { exact: true }).fill("a week at sea");
    await page.getByRole("button", { name: "Let them" }).click();
    await page.getByText("a week at sea").waitFor();
    await page.getByRole("button", { name: "No longer" }).click();
    await until("nobody speaks for her", async () => (await page.getByText("a week at sea").count()) === 0);
  });

  it("let through what a rule keeps out, for a time", async () => {
    const vera = await site.issue("vera", "viewer");
    const wish = { role: "operator", environments: ["staging"], duration: "PT30M", reason: "the queue is stuck" };
    await site.call("POST", "/api/v1/grants", wish, vera);
    const { page, context, faults } = await browser.person(site, site.token);
    await page.goto(`${site.url}/exceptions?kind=privilege`);
    await page.getByRole("button", { name: /^Approve: vera as operator/ }).click();
    await page.getByRole("heading", { name: "In force" }).waitFor();
    await page.getByText("approved by admin").waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });
});

describe("what is drawn", () => {
  before(async () => {
    const hour = (n) => new Date(Date.now() + n * 3_600_000).toISOString().slice(0, 19) + "Z";
    const booking = (place, team) => `{ environment: ${place}, team: ${team}, from: "${hour(-1)}", until: "${hour(3)}", reason: load test }`;
    const declared = (name, spec) => `apiVersion: shipway.dev/v1\nkind: Booking\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
    await site.declare("load-test", declared("load-test", booking("production", "storefront")));
    site.stray("host-c");
  });

  it("shows on the calendar what is booked, what ships, who is away, and what gets in whose way", async () => {
    const { page } = ada;
    await page.goto(`${site.url}/calendar?view=week`);
    assert.equal(await page.locator(".week-day .day-column").count(), 7);
    assert.equal(await page.locator(".week-day.today .now-line").count(), 1);
    for (const kind of ["booked", "ship"]) assert.ok((await page.locator(`.block.${kind}`).count()) > 0, kind);
    // Nothing is drawn outside of its day.
    const outside = await page.evaluate(() => [...document.querySelectorAll(".day-column rect.block")].filter((it) => {
      const [block, day] = [it.getBoundingClientRect(), it.closest(".week-day").getBoundingClientRect()];
      return block.left < day.left - 1 || block.right > day.right + 1 || block.bottom > day.bottom + 1;
    }).length);
    assert.equal(outside, 0);
    await page.locator(".day").getByText("production booked by storefront").first().waitFor();
    const conflicts = page.getByRole("region", { name: "Conflicts" });
    await conflicts.getByRole("link", { name: /shop@1\.2\.0/ }).first().waitFor();
    await page.goto(`${site.url}/calendar`);
    await page.locator(".month td.today .event").first().waitFor();
    await page.locator(".month .event", { hasText: "card-bank is away" }).first().waitFor();
    await page.goto(`${site.url}/calendar?view=agenda&environment=staging`);
    await page.locator(".day").getByText("staging booked by payments").first().waitFor();
    assert.equal(await page.getByText("production booked by storefront").count(), 0, "the other environment is left out");
    await page.goto(`${site.url}/calendar?view=week&release=shop@1.2.0&environment=production`);
    await page.locator("#fit").getByText("It does not fit:").waitFor();
    await page.locator("#fit .chip").first().waitFor();
    await page.locator("#fit").getByText("The next free time:").waitFor();
  });

  it("shows where an environment drifted, differs and is booked", async () => {
    const { page } = ada;
    await page.goto(`${site.url}/environments/production`);
    await page.getByText("on host-c").first().waitFor({ timeout: 60_000 });
    await page.locator("#parity").getByText("pipeline").first().waitFor();
    await page.locator("main").getByText("team storefront").first().waitFor();
    await page.goto(`${site.url}/environments`);
    const head = page.locator(".matrix thead");
    for (const text of ["booked by storefront", "1 drifted", "differences"]) await head.getByText(text).waitFor();
    await page.locator(".matrix .diff.changed").getByText("≠").first().waitFor();
  });

  it("compares two plans, and says what stands before a release", async () => {
    const { page } = ada;
    await page.goto(`${site.url}/plan?release=shop@1.2.0&environment=production`);
    await page.getByLabel("Release", { exact: true }).fill("shop@1.0.0");
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByRole("heading", { name: "Only in this plan" }).waitFor();
    await page.locator(".diff.gone", { hasText: "verify checkout 1.0.0" }).first().waitFor();
    assert.ok((await page.locator(".gantt .span").count()) >= 20, "every step has its bar");
    await page.getByText("would be refused").or(page.getByRole("heading", { name: "What could stop it" })).first().waitFor();
    await page.goto(`${site.url}/releases/shop@1.2.0?environment=production`);
    await page.locator("#outlook .badge").filter({ hasText: "may pass" }).waitFor();
    await page.locator(".factors").getByText("criticality").waitFor();
  });

  it("lists what is asked for, and nothing else", async () => {
    const { page } = ada;
    const check = async (path, rows, n) => {
      await page.goto(site.url + path);
      await page.locator("h1").first().waitFor();
      assert.equal(await page.locator(rows).count(), n, path);
    };
    await check("/releases?q=1.2", "main .rows li", 1);
    await check("/releases?q=none", "main .rows li", 0);
    await check("/services?q=payments", "main table tbody tr", 1);
    await check("/environments?q=web", ".matrix tbody tr", 1);
    await check("/rollouts?environment=staging", "main .rows li", 2);
    await check("/changes?open=true", "main .rows li", 1);
    await check("/alerts?firing=true", "main .asks li", 1);
    await check("/exceptions?kind=waiver", "main .asks li", 0);
  });

  it("finds a change, a board, an alert, and a release by its digest", async () => {
    const { page } = ada;
    const { seal } = await site.call("GET", "/api/v1/releases/shop@1.2.0");
    const wanted = [["shop 1.2.0 → prod", "change"], ["cab", "board"], ["SlowCatalogue", "alert"], [seal.digest.slice(7, 19), "release"]];
    for (const [q, kind] of wanted) {
      await page.goto(`${site.url}/search?q=${encodeURIComponent(q)}`);
      assert.ok((await page.locator(".found .kind", { hasText: kind }).count()) > 0, `${q} is no ${kind}`);
    }
    await page.goto(`${site.url}/search?q=nothing-like-it`);
    await page.getByRole("link", { name: "events with “nothing-like-it”" }).click();
    await page.waitForURL(/\/ledger\?q=nothing-like-it/);
  });
});

describe("every page", () => {
  const pages = () => ({
    now: "/",
    rollouts: "/rollouts",
    rollout: new URL(bad).pathname,
    step: `${new URL(bad).pathname}/steps/1`,
    "roll-back": `${new URL(bad).pathname}/roll-back`,
    changes: "/changes",
    change: new URL(change).pathname,
    "change-voted": new URL(voted).pathname,
    boards: "/cab",
    board: "/cab/cab",
    alerts: "/alerts",
    alert,
    me: "/me",
    exceptions: "/exceptions",
    reviews: "/reviews",
    "war-room": "/releases/shop@1.2.0/war-room",
    releases: "/releases",
    release: "/releases/shop@1.2.0",
    plan: "/plan?release=shop@1.2.0&environment=production&against=shop@1.0.0",
    services: "/services",
    service: "/services/checkout",
    environments: "/environments",
    environment: "/environments/production",
    "calendar-month": "/calendar",
    "calendar-week": "/calendar?view=week",
    "calendar-agenda": "/calendar?view=agenda",
    "calendar-fit": "/calendar?view=week&release=shop@1.2.0&environment=production",
    ledger: "/ledger",
    "ledger-search": "/ledger?q=rollout.ended",
    event: "/ledger/12",
    search: "/search?q=shop",
    design: "/design",
    refusal: "/services/none",
    past: "/?asOf=@40",
  });

  it("loads, is accessible and fits, in light and dark", async () => {
    // All faults of all pages at once, so that one run shows what is to be mended.
    const faults = [];
    const left = Object.entries(pages());
    // Two look at once: while one page is being drawn, the other is being looked at.
    const look = async (page) => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [name, path] = next;
        await page.goto(site.url + path);
        await page.locator("h1").first().waitFor();
        for (const [colorScheme, shown] of [["light", name], ["dark", `${name}-dark`]]) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          for (const look of [() => assertAccessible(page, shown), () => picture(page, shown)]) {
            await look().catch((error) => faults.push(error.message));
          }
        }
      }
    };
    const other = await ada.context.newPage();
    await Promise.all([look(ada.page), look(other)]);
    await other.close();
    await ada.page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    assert.deepEqual([...faults, ...ada.faults], []);
  });

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
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
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
    for (let n = 0; n < 13; n++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.textContent.trim()));
    }
    for (const area of ["Now", "Rollouts", "Releases", "Changes", "Services", "Environments", "Calendar", "Ledger"]) {
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

  it("moves a release over the calendar", async () => {
    const { page } = ada;
    await page.goto(`${site.url}/calendar?view=week&release=shop@1.2.0&environment=production`);
    const answer = page.locator("#fit .notice");
    const before = await answer.textContent();
    await page.locator("#slot").focus();
    await page.keyboard.press("Home");
    await until("the answer is about another time", async () => (await answer.textContent()) !== before);
    assert.equal(await page.evaluate(() => document.activeElement.id), "slot", "the key can be pressed again");
    assert.deepEqual(ada.faults, []);
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

  it("is reached by sliding through the ledger", async () => {
    const { page } = ada;
    await page.goto(`${site.url}/services`);
    await page.locator("#slide").focus();
    await page.keyboard.press("Home");
    await page.getByText("As it was").waitFor();
    assert.match(page.url(), /asOf=0$/);
    await page.getByText("No service is declared yet.").waitFor();
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

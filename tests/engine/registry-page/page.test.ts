/** The registry's page in Debian's Chromium: by keyboard alone, light and dark, on a narrow window, without scripts. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser } from "../../../tools/lab/browser.ts";
import type { RunningBerthRegistry } from "../../../tools/lab/berth-registry.ts";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { faultsOf } from "./accessibility.ts";
import { press, tabTo, watch } from "./keyboard.ts";
import { startShownRegistry } from "./shown-registry.ts";

setDefaultTimeout(180_000);

let dir = "";
let registry: RunningBerthRegistry;
let browser: Browser;
let origin = "";

beforeAll(async () => {
  dir = makeScratch("registry-page");
  registry = await startShownRegistry(dir);
  origin = `http://${registry.address}`;
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await registry?.daemon.stop();
  removeScratch(dir);
});

describe("by keyboard alone", () => {
  let context: BrowserContext;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    const permissions = ["clipboard-read", "clipboard-write"];
    context = await browser.newContext({ baseURL: origin, permissions, colorScheme: "dark" });
    complaints = watch(context, origin);
    page = await context.newPage();
    await page.goto("/");
  });
  afterAll(() => context?.close());

  const link = (name: string | RegExp) => page.getByRole("link", { name });
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const heading = (name: string) => page.getByRole("heading", { name, exact: true });
  const type = async (label: string, text: string): Promise<void> => {
    await tabTo(page, page.getByLabel(label, { exact: true }));
    await page.keyboard.type(text);
  };

  test("search, a repository with its README, copying the command", async () => {
    await tabTo(page, link("Skip to content"));
    await type("Search repositories", "shop");
    await page.keyboard.press("Enter");
    // The page that was there has a status too.
    await page.waitForURL("**?q=shop");
    expect(await page.getByRole("status").first().textContent()).toBe("2 repositories");
    await press(page, link("shop/web"));
    await heading("Web shop").waitFor();
    expect(await page.getByRole("article").getByRole("listitem").allTextContents()).toEqual([
      "fast",
      "small, see the notes",
    ]);
    const command = `docker pull ${registry.address}/shop/web:latest`;
    await press(page, button(`Copy: ${command}`));
    await page.getByText(`Copied: ${command}`).waitFor();
    expect(await page.evaluate<string>("navigator.clipboard.readText()")).toBe(command);
  });

  test("a tag of two platforms, and the files inside", async () => {
    await press(page, link("latest"));
    await heading("shop/web:latest").waitFor();
    const layers = page.getByRole("table", { name: "linux/arm64/v8" }).getByRole("row");
    expect(await layers.count()).toBe(3);
    await press(page, link("files").first());
    await press(page, link("srv/"));
    await page.waitForURL("**?path=%2Fsrv");
    const rows = await page.getByRole("row").allInnerTexts();
    expect(rows.map((row) => row.split(/\s+/).join(" "))).toEqual([
      "Name Mode Size Layer",
      "current → version 0644 2",
      "version 0644 3B 2",
    ]);
    await press(page, link("Root folder"));
    await link("usr/").waitFor();
  });

  test("signing in, an access token made and revoked", async () => {
    await press(page, link("Sign in"));
    await type("Name", "ann");
    await type("Password", "wrong password");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("incorrect username or password").waitFor();
    await type("Password", "correct horse");
    await page.keyboard.press("Enter");
    await press(page, link("Access tokens"));
    await type("Label", "ci");
    await tabTo(page, page.getByLabel("Rights"));
    await page.keyboard.press("ArrowDown");
    await press(page, button("Make the token"));
    const secret = (await page.getByText(/^brt_/).textContent()) ?? "";
    const asks = (): Promise<number> =>
      fetch(`${origin}/v2/`, { headers: { Authorization: `Basic ${btoa(`ann:${secret}`)}` } }).then(
        ({ status }) => status,
      );
    expect(await asks()).toBe(200);
    expect(await page.getByRole("row", { name: /^ci/ }).textContent()).toContain("pull, push");
    await press(page, button("Remove ci"));
    await page.getByRole("row", { name: /^ci/ }).waitFor({ state: "detached" });
    expect(await asks()).toBe(401);
  });

  test("another tag for an image, and a tag deleted after a question", async () => {
    await press(page, link("Registry"));
    await press(page, link("shop/web"));
    await press(page, link("1.0"));
    await type("Tag", "stable");
    await page.keyboard.press("Enter");
    await heading("shop/web:stable").waitFor();
    await press(page, link("Delete this tag…"));
    await press(page, link("Keep it"));
    await press(page, link("Delete this tag…"));
    await press(page, button("Delete the tag"));
    await heading("shop/web").waitFor();
    const tags = await page.getByRole("table", { name: "Tags" }).getByRole("rowheader").allTextContents();
    expect(tags.toSorted()).toEqual(["1.0", "1.1", "2.0", "latest"]);
    const gone = await fetch(`${origin}/v2/shop/web/manifests/stable`);
    expect(gone.status).toBe(404);
    expect(await registry.admin(["audit"])).toContain("ann");
    await press(page, button("Sign out"));
    await link("Sign in").waitFor();
  });

  test("nothing was asked of anybody else, and nothing complained", () => {
    // Chromium writes the refused sign-in down.
    expect(complaints.filter((line) => !line.includes("403 (Forbidden)"))).toEqual([]);
  });
});

describe.each([
  { colorScheme: "light", width: 1100, rules: undefined, paper: "rgb(255, 255, 255)" },
  // What depends on colours and widths; the markup is the same.
  {
    colorScheme: "dark",
    width: 360,
    rules: ["color-contrast", "scrollable-region-focusable", "target-size"],
    paper: "rgb(18, 24, 31)",
  },
] as const)("in $colorScheme, $width wide", ({ colorScheme, width, rules, paper }) => {
  test("axe-core finds nothing wrong, and nothing sticks out", async () => {
    const context = await browser.newContext({ baseURL: origin, colorScheme, viewport: { width, height: 700 } });
    const page = await context.newPage();
    const faults = new Map<string, readonly string[]>();
    const look = async (): Promise<void> => void faults.set(new URL(page.url()).pathname, await faultsOf(page, rules));
    await page.goto("/ui/sign-in");
    await page.getByLabel("Name").fill("ann");
    await page.getByLabel("Password").fill("correct horse");
    await look();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ui/");
    expect(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor")).toBe(paper);
    for (const path of ["tokens", "r/shop/web", "r/shop/web/tags/latest"]) {
      await page.goto(`/ui/${path}`);
      await look();
    }
    const shown = page.url();
    await page.getByRole("link", { name: "files" }).first().click();
    await page.waitForURL((url) => url.href !== shown);
    await look();
    expect(faults.size).toBe(5);
    expect([...faults].filter(([, list]) => list.length > 0)).toEqual([]);
    await context.close();
  });
});

test("without scripts all but the copying works", async () => {
  const context = await browser.newContext({ baseURL: origin, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/ui/?q=lint");
  await page.getByRole("link", { name: "tools/lint" }).click();
  await page.getByRole("link", { name: "latest" }).click();
  await page.waitForURL("**/tags/latest");
  expect(await page.getByRole("button").allTextContents()).toEqual(["Search"]);
  await context.close();
});

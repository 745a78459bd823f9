import type { BrowserContext, Locator, Page } from "playwright-core";

/** Everything that a person would not see but that went wrong: messages of the console, and requests to elsewhere. */
export function watch(context: BrowserContext, origin: string): readonly string[] {
  const complaints: string[] = [];
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) complaints.push(request.url());
  });
  return complaints;
}

const MOST_STEPS = 60;
/** As much of the page's own types as is asked for. */
interface Shown {
  readonly ownerDocument: {
    readonly activeElement: unknown;
    readonly defaultView: { getComputedStyle(of: unknown): { readonly outlineStyle: string } };
  };
  getBoundingClientRect(): { readonly width: number };
}

/** Press Tab until `target` has the focus, which must then be visible. Throws when it cannot be reached. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await page.keyboard.press("Tab");
    const focus = await target.evaluate((element: Shown) => {
      const { activeElement, defaultView } = element.ownerDocument;
      if (element !== activeElement) return undefined;
      const isOutlined = defaultView.getComputedStyle(element).outlineStyle !== "none";
      return { isSeen: isOutlined && element.getBoundingClientRect().width > 0 };
    });
    if (focus === undefined) continue;
    if (!focus.isSeen) throw new Error(`${String(target)} has the focus, unseen`);
    return;
  }
  throw new Error(`${String(target)} is not reached by Tab`);
}

/** By keyboard alone: reach it, and press Enter. */
export async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

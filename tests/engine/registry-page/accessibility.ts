import type { Page } from "playwright-core";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../../../tools/lab/paths.ts";

const axe = readFileSync(join(projectDir, "node_modules/axe-core/axe.min.js"), "utf8");

interface Found {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
  readonly passes: readonly unknown[];
}

/**
 * What axe-core finds wrong by WCAG 2.2 AA, as `rule: markup`, and what is wider than the window. `rules`: only these, which
 * is quicker.
 */
export async function faultsOf(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  await page.evaluate(axe);
  const runOnly = rules ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await page.evaluate<Found>(
    `axe.run({ runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })`,
  );
  if (found.passes.length === 0) throw new Error("axe-core looked at nothing");
  const root = "document.documentElement";
  const isWide = await page.evaluate<boolean>(`${root}.scrollWidth > ${root}.clientWidth`);
  const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  return isWide ? [...violations, "wider than the window"] : violations;
}

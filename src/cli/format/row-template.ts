import { BerthError, messageOf } from "#base/errors.ts";
import { compileTemplate } from "#base/template/execute.ts";
import type { TemplateFunction } from "#base/template/functions.ts";
import { struct } from "#base/template/struct.ts";

/**
 * Prints a row by `source`, a row being Go's `typeName`. Mistakes are `invalid-parameter`, told in `mistake` or else in
 * docker's words.
 */
export function compileRow(
  source: string,
  typeName: string,
  mistake: string | undefined,
): (row: Readonly<Record<string, unknown>>) => string {
  const render = compiled(source, {}, mistake);
  const info = { typeName, fields: [], aliases: {}, escapeHtml: true };
  return (row) => executed(render, struct(row, info), mistake);
}

/** The titles of a table whose rows `source` prints. */
export function titleLine(source: string, titles: Readonly<Record<string, string>>): string {
  return executed(compiled(source, headerFunctions), titledRow(titles));
}

function compiled(
  source: string,
  functions: Readonly<Record<string, TemplateFunction>> = {},
  mistake = "failed to parse template",
): (data: unknown) => string {
  try {
    return compileTemplate(source, { functions });
  } catch (error) {
    throw new BerthError("invalid-parameter", `${mistake}: ${messageOf(error)}`, { cause: error });
  }
}

function executed(render: (data: unknown) => string, data: unknown, mistake = "failed to execute template"): string {
  try {
    return render(data);
  } catch (error) {
    throw new BerthError("invalid-parameter", `${mistake}: ${messageOf(error)}`, { cause: error });
  }
}

/** In the title line a method (`.Label "x"`) is its argument's last word. */
function titledRow(titles: Readonly<Record<string, string>>): unknown {
  const label: TemplateFunction = (name) => String(name).split(".").at(-1)?.replace(/[-_]/g, " ") ?? "";
  return { ...titles, Label: label };
}

const same: TemplateFunction = (text) => text;
const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: same,
  join: same,
  lower: same,
  upper: same,
  title: same,
  truncate: same,
  split: same,
};

import { fitTable } from "./fit-table.ts";
import { fillPlainLine, plainLine } from "./plain-line.ts";
import type * as RowTemplate from "./row-template.ts";
import { alignTable } from "./table.ts";

/** One row as a template sees it: plain fields and methods, getters for what costs something. */
export type Row = Readonly<Record<string, unknown>>;

export interface ListFormat {
  /** Go's name of the row's type, for messages: `*formatter.ContainerContext`. */
  readonly typeName: string;
  /** Column titles by field. Fields without one have their name in capitals. */
  readonly headers: Readonly<Record<string, string>>;
  /** The fields of the default table. */
  readonly columns: readonly string[];
  /** What a mistake in the template is told with; two sentences, one for each kind, when it is not given. */
  readonly mistake?: string;
  /** Of a terminal that the table has to fit; these columns give way in this order, and then those that are left out. */
  readonly fit?:
    | { readonly width: number; readonly shrinkable: readonly string[]; readonly leftOut?: readonly string[] }
    | undefined;
}

/**
 * Prints rows as `--format` asks: `table …`, `json`, or a template a row. `format` is complete (no defaults here); `\t`
 * and `\n` written out in it count as such. A mistake in the template is an `invalid-parameter` error, told before
 * there are rows where it can be.
 */
export function rowFormatter(
  format: string,
  { typeName, headers, columns, mistake, fit }: ListFormat,
): (rows: readonly Row[]) => string {
  const trimmed = format.trim();
  const isTable = trimmed === "table" || /^table(?=[\s{])/.test(trimmed);
  const source = (isTable ? trimmed.slice("table".length).trim() : trimmed)
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n");
  const line = source === "json" && !isTable ? "{{json .}}" : source;
  const plain = plainLine(line);
  let template = plain === undefined ? rowTemplate().compileRow(line, typeName, mistake) : undefined;
  const render = (row: Row): string => {
    const filled = plain === undefined ? undefined : fillPlainLine(plain, row);
    return filled ?? (template ??= rowTemplate().compileRow(line, typeName, mistake))(row);
  };
  return (rows) => {
    const text = rows.map((row) => `${render(row)}\n`).join("");
    if (!isTable) return text;
    const fieldNames = [...Object.keys(rows[0] ?? {}), ...columns, ...Object.keys(headers)];
    const titles: Record<string, string> = {};
    for (const name of fieldNames) titles[name] = headers[name] ?? name.toUpperCase();
    const filled = plain === undefined ? undefined : fillPlainLine(plain, titles);
    const header = filled ?? rowTemplate().titleLine(line, titles);
    const table = `${header}\n${text}`;
    if (fit === undefined) return alignTable(table);
    const titlesOf = (names: readonly string[] = []): string[] => names.map((name) => titles[name] ?? name);
    return alignTable(fitTable(table, fit.width, titlesOf(fit.shrinkable), titlesOf(fit.leftOut)));
  };
}

/** Lists are mostly printed by templates of fields alone: those do without the template engine, half of their code. */
function rowTemplate(): typeof RowTemplate {
  return require("./row-template.ts") as typeof RowTemplate;
}

/** The default template of a table: its fields separated by tabs. */
export function tableOf(fields: readonly string[]): string {
  return `table ${fields.map((field) => `{{.${field}}}`).join("\t")}`;
}

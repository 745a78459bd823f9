import { BerthError } from "#base/errors.ts";
import { errorLocation } from "#build/dockerfile/dockerfile-error.ts";
import type { Dockerfile, Instruction, LintWarning } from "#build/dockerfile/types.ts";
import type { Conversion, ExecMount, Operation } from "#build/graph/types.ts";

/** Instructions, one a line, fields that are empty left out. */
export function describeInstructions({ args, stages }: Dockerfile): string {
  const all: readonly Instruction[] = [...args, ...stages.flatMap(({ from, instructions }) => [from, ...instructions])];
  return all.map(({ original: _o, keyword: _k, range, ...rest }) => `${lines(range)} ${compact(rest)}`).join("\n");
}

export function describeError(error: unknown): string {
  if (!(error instanceof BerthError)) throw error;
  const place = errorLocation(error);
  const where = place === undefined ? "?" : `${lines(place)} ${place.phase}`;
  return `${where}: ${error.message}${error.hint === undefined ? "" : `\nhint: ${error.hint}`}`;
}

export function describeConversion({ graph, warnings }: Conversion): string {
  return [
    ...graph.vertices.map(({ name, operation }, id) => `${id} ${name}\n    ${describeOperation(operation)}`),
    ...graph.results.flatMap(({ root, base, config, history }) => [
      `root ${String(root ?? "scratch")} base ${String(base ?? "scratch")} ${compact(config)}`,
      ...history.map(({ createdBy, vertex }) => `history ${String(vertex ?? "-")} ${createdBy}`),
    ]),
    ...describeWarnings(warnings),
  ]
    .join("\n")
    .replaceAll(/(sha256:aaaa)a{60}/g, "$1");
}

export function describeWarnings(warnings: readonly LintWarning[]): readonly string[] {
  return warnings.map(({ rule, detail, range }) => `warning ${range === undefined ? "" : lines(range)} ${rule}: ${detail}`);
}

function describeOperation(operation: Operation): string {
  const { kind, ...rest } = operation;
  if (operation.kind !== "exec") return `${kind} ${compact(rest)}`;
  const { mounts, ...more } = operation;
  return [`exec ${compact({ ...more, kind: undefined })}`, ...mounts.map(describeMount)].join("\n    ");
}

function describeMount({ type, ...rest }: ExecMount): string {
  return `mount ${type} ${compact(rest)}`;
}

function lines({ startLine, endLine }: { readonly startLine: number; readonly endLine: number }): string {
  return startLine === endLine ? String(startLine) : `${startLine}-${endLine}`;
}

/** JSON without what says nothing. */
function compact(value: object): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    field === "" || field === false || (Array.isArray(field) && field.length === 0) ? undefined : field,
  );
}

import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";
import type { Handler } from "../../command.ts";
import { rowFormatter } from "../../format/format-list.ts";
import { seconds } from "../progress.ts";
import { findBuild } from "./find-build.ts";
import { stepCounts } from "./step-counts.ts";

/** `builder history inspect`. */
export const inspectBuild: Handler = async ({ flags, args, io, client }) => {
  const format = flags.text("format");
  const print =
    format === "" || format === "pretty"
      ? undefined
      : rowFormatter(format, { typeName: "*commands.inspectOutput", headers: {}, columns: [] });
  const entry = await findBuild((await client()).build, args[0] ?? "");
  if (format === "json") io.stdout.write(`${JSON.stringify(entry, undefined, 2)}\n`);
  else io.stdout.write(print === undefined ? pretty(entry) : print([rowOf(entry)]));
  return 0;
};

/** With Go's names. */
function rowOf(entry: BuildHistoryEntry): Readonly<Record<string, unknown>> {
  const { total, done, cached } = stepCounts(entry);
  const named = Object.entries(entry).map(([key, value]) => [key[0]?.toUpperCase() + key.slice(1), value] as const);
  return {
    ...Object.fromEntries(named),
    Ref: entry.id,
    NumTotalSteps: total,
    NumCompletedSteps: done,
    NumCachedSteps: cached,
  };
}

function pretty(entry: BuildHistoryEntry): string {
  const { total, done, cached } = stepCounts(entry);
  const share = total === 0 ? 0 : Math.round((cached * 100) / total);
  const parts = [
    rows([
      ["Name", entry.name],
      ["Context", entry.context],
      ["Dockerfile", entry.dockerfile],
      ["Target", entry.target],
      ["Platforms", entry.platforms.join(", ")],
      ["Tags", entry.tags.join(", ")],
      ["Images", entry.images.join(", ")],
    ]),
    rows([
      ["Started", entry.createdAt],
      ["Duration", seconds(entry.durationMs)],
      ["Status", entry.status],
      ["Build Steps", `${done}/${total} (${share}% cached)`],
    ]),
    table("Build arguments", Object.entries(entry.buildArgs)),
    table("Labels", Object.entries(entry.labels)),
    stepTable(entry),
    errorText(entry),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${`${name}:`.padEnd(14)}${value}\n`)
    .join("");
}

function table(title: string, pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return "";
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2;
  return `${title}:\n${pairs.map(([name, value]) => `  ${name.padEnd(width)}${value}\n`).join("")}`;
}

function stepTable({ steps }: BuildHistoryEntry): string {
  const seen = steps.filter(({ state }) => state !== "unused");
  if (seen.length === 0) return "";
  const line = (time: string, state: string, name: string): string =>
    `  ${time.padStart(8)}  ${state.padEnd(8)}  ${name}\n`;
  return `Steps:\n${seen.map(({ name, state, durationMs }) => line(state === "cached" ? "" : seconds(durationMs), state, name)).join("")}`;
}

function errorText({ error }: BuildHistoryEntry): string {
  if (error === null) return "";
  const place = error.line === 0 ? "" : ` (${error.file}:${error.line})`;
  return `Error${place}:\n${error.excerpt}${error.message}\n${error.hint === "" ? "" : `${error.hint}\n`}`;
}

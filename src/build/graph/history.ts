import { quoteGo } from "#base/quote-go.ts";
import { formatDuration } from "#base/units.ts";
import type { HealthcheckConfig } from "#spec/oci/image.ts";
import type { ConvertOptions } from "./options.ts";
import type { HistoryEntry, VertexId } from "./types.ts";

/** What an image's history says of a setting. Texts and comment are what BuildKit and the classic builder write. */
export function settingEntry(dialect: ConvertOptions["dialect"], shell: readonly string[], text: string): HistoryEntry {
  if (dialect === "buildkit") return entry(text, undefined);
  return { ...entry(`${shell.join(" ")} #(nop)  ${text}`, undefined), comment: undefined };
}

/** What it says of a layer. */
export function layerEntry(
  dialect: ConvertOptions["dialect"],
  shell: readonly string[],
  text: string,
  vertex: VertexId,
): HistoryEntry {
  const isWorkdir = text.startsWith("WORKDIR ");
  // docker-compat: the classic builder leaves a blank behind what is copied.
  if (dialect === "classic")
    return { ...entry(`${shell.join(" ")} #(nop) ${text}${isWorkdir ? "" : " "}`, vertex), comment: undefined };
  // docker-compat: WORKDIR alone comes without BuildKit's mark.
  return entry(isWorkdir ? text : `${text} # buildkit`, vertex);
}

/** What it says of a command; `args` are build arguments in effect. */
export function runEntry(
  dialect: ConvertOptions["dialect"],
  words: readonly string[],
  args: readonly string[],
  vertex: VertexId,
): HistoryEntry {
  const text = [...(args.length > 0 ? [`|${args.length}`, ...args] : []), ...words].join(" ");
  if (dialect === "classic") return { ...entry(text, vertex), comment: undefined };
  return entry(`RUN ${text} # buildkit`, vertex);
}

function entry(createdBy: string, vertex: VertexId | undefined): HistoryEntry {
  return { createdBy, author: undefined, comment: "buildkit.dockerfile.v0", vertex };
}

/** Go's %q of a list of strings. */
export function quotedList(words: readonly string[]): string {
  return `[${words.map(quoteGo).join(" ")}]`;
}

/** Go's %v of a list of strings. */
export function plainList(words: readonly string[]): string {
  return `[${words.join(" ")}]`;
}

/** Go's %+v of the health check. */
export function healthcheckText(check: HealthcheckConfig): string {
  const duration = (nanoseconds = 0): string => formatDuration(BigInt(nanoseconds));
  const fields = [
    `Test:${plainList(check.Test ?? [])}`,
    `Interval:${duration(check.Interval)}`,
    `Timeout:${duration(check.Timeout)}`,
    `StartPeriod:${duration(check.StartPeriod)}`,
    `StartInterval:${duration(check.StartInterval)}`,
    `Retries:${check.Retries ?? 0}`,
  ];
  return `{${fields.join(" ")}}`;
}

import { createHash } from "node:crypto";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";
import type { BuildMessage } from "#client/build-lines.ts";

/** A build that was, with what it said. */
export interface TracedBuild {
  readonly entry: BuildHistoryEntry;
  readonly lines: readonly BuildMessage[];
}

/** OpenTelemetry's TracesData in its JSON form (opentelemetry-proto, `trace.proto`; OTLP 1.x, "JSON Protobuf Encoding"). */
export interface TracesData {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: readonly Span[] }[];
  }[];
}

interface Span {
  /** 16 bytes in hexadecimal digits; those of spans are 8. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: typeof INTERNAL;
  /** Since 1970; a number of 64 bits is text. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: typeof OK | typeof ERROR; readonly message?: string };
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly boolValue: boolean } | { readonly intValue: string };
}

const INTERNAL = 1;
const OK = 1;
const ERROR = 2;

interface Times {
  startMs: number;
  endMs: number | undefined;
  cached: boolean;
  failure: string | undefined;
}

/** A trace for each build: a span for all of it, and one inside it for each step that somebody looked at. The same bytes each time. */
export function tracesOf(builds: readonly TracedBuild[]): TracesData {
  return {
    resourceSpans: builds.map((build) => ({
      resource: { attributes: [text("service.name", "berth")] },
      scopeSpans: [{ scope: { name: "berth.build" }, spans: spansOf(build) }],
    })),
  };
}

function spansOf({ entry, lines }: TracedBuild): readonly Span[] {
  const { id, name, status, error } = entry;
  const startMs = Date.parse(entry.createdAt);
  const endMs = startMs + entry.durationMs;
  const traceId = hexOf(id, 32);
  const parentSpanId = hexOf(`${id} build`, 16);
  const whole: Span = {
    ...{ traceId, spanId: parentSpanId, name: `build ${name}`, kind: INTERNAL },
    ...{ startTimeUnixNano: nanoseconds(startMs), endTimeUnixNano: nanoseconds(endMs) },
    attributes: [
      text("berth.build.id", id),
      ...(["context", "dockerfile", "target"] as const).map((key) => text(`berth.build.${key}`, entry[key])),
      ...(["platforms", "tags"] as const).map((key) => text(`berth.build.${key}`, entry[key].join(","))),
      text("berth.build.status", status),
    ],
    status: status === "completed" ? { code: OK } : { code: ERROR, message: error?.message ?? status },
  };
  const steps = [...timesOf(lines)].map(([index, times]): Span => ({
    ...{ traceId, spanId: hexOf(`${id} ${index}`, 16), parentSpanId, kind: INTERNAL },
    name: entry.steps[index]?.name ?? `step ${index}`,
    startTimeUnixNano: nanoseconds(times.startMs),
    endTimeUnixNano: nanoseconds(times.endMs ?? Math.max(endMs, times.startMs)),
    attributes: [
      { key: "berth.step.number", value: { intValue: String(index) } },
      { key: "berth.step.cached", value: { boolValue: times.cached } },
    ],
    status: times.failure === undefined ? { code: OK } : { code: ERROR, message: times.failure },
  }));
  return [whole, ...steps];
}

/** By the step's place in the graph. What came from the cache has never begun: it did so when it ended. */
function timesOf(lines: readonly BuildMessage[]): ReadonlyMap<number, Times> {
  const steps = new Map<number, Times>();
  for (const line of lines) {
    if (line.type !== "started" && line.type !== "done" && line.type !== "failed") continue;
    const known = steps.get(line.vertex) ?? { startMs: line.at, endMs: undefined, cached: false, failure: undefined };
    steps.set(line.vertex, known);
    if (line.type === "started") continue;
    known.endMs = line.at;
    if (line.type === "done") known.cached = line.cached;
    else known.failure = line.message;
  }
  return steps;
}

const text = (key: string, stringValue: string): Attribute => ({ key, value: { stringValue } });
const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n);
const hexOf = (seed: string, digits: number): string =>
  createHash("sha256").update(seed).digest("hex").slice(0, digits);

import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { usageSums } from "#engine/system/usage-sums.ts";
import { diskUsageTypes, type DiskUsageType } from "#engine/system/disk-usage.ts";
import { eventFilterKeys, eventLine } from "#engine/system/events.ts";
import { authConfig } from "#spec/docker/auth.ts";
import { parseFilters } from "#spec/docker/filters.ts";
import { decode } from "#spec/docker/schema.ts";
import { parseTimestamp } from "#spec/docker/timestamp.ts";
import { acceptedType } from "../accepted-type.ts";
import type { Call, Route } from "../call.ts";
import { json, stream, type TextReply } from "../reply.ts";

export function systemRoutes(engine: Engine): readonly Route[] {
  return [
    { method: "GET", pattern: "/_ping", handle: ping },
    // docker-compat: the length is that of no body, not of what GET would give.
    { method: "HEAD", pattern: "/_ping", handle: () => ({ ...ping(), text: "" }) },
    // docker-compat: any path, and no word about who may ask across origins.
    { method: "OPTIONS", pattern: "/{path...}", handle: () => ({ kind: "text", status: 200, text: "", headers: {} }) },
    { method: "OPTIONS", pattern: "/", handle: () => ({ kind: "text", status: 200, text: "", headers: {} }) },
    { method: "GET", pattern: "/version", handle: () => json(engine.system.version()) },
    { method: "GET", pattern: "/info", handle: async () => json(await engine.system.info(), "info") },
    {
      method: "POST",
      pattern: "/auth",
      handle: async (call) => json(await engine.system.auth(decode(authConfig, await call.json()))),
    },
    {
      method: "GET",
      pattern: "/system/df",
      handle: async (call) => {
        const usage = await engine.system.diskUsage(usageTypes(call));
        const verbose = call.version.minor >= 52 && call.query.flag("verbose");
        // docker-compat: who asks for the lists of 1.52 does not get the older ones beside them.
        return json({ ...(verbose ? {} : usage), ...usageSums(usage, verbose) }, "disk-usage");
      },
    },
    {
      method: "GET",
      pattern: "/events",
      handle: (call) => {
        const contentType = eventStreamType(call);
        return stream(contentType, true, events(engine, call, contentType));
      },
    },
  ];
}

/** The `type` parameter came with API 1.42; without it everything is meant. */
function usageTypes({ query, version }: Call): ReadonlySet<DiskUsageType> {
  const asked = version.minor < 42 ? [] : query.all("type");
  if (asked.length === 0) return new Set(diskUsageTypes);
  return new Set(
    asked.map((text) => {
      const known = diskUsageTypes.find((type) => type === text);
      if (known === undefined) throw new BerthError("invalid-parameter", `unknown object type: ${text}`);
      return known;
    }),
  );
}

const ping = (): TextReply => ({
  kind: "text",
  status: 200,
  text: "OK",
  headers: {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    "Builder-Version": "1",
    Swarm: "inactive",
  },
});

/** RFC 7464: each text begins with a record separator. */
const jsonSequence = "application/json-seq";
const jsonLines = "application/jsonl";
const eventTypes = [jsonLines, "application/x-ndjson", jsonSequence];

/** docker-compat: only a kind that Accept names is chosen, of any version; with a star it is the default. */
function eventStreamType({ header, version }: Call): string {
  const fallback = version.minor < 52 ? "application/json" : jsonLines;
  return acceptedType(header("accept"), eventTypes) ?? fallback;
}

function events(engine: Engine, call: Call, contentType: string): AsyncIterable<string> {
  const { query, signal, version } = call;
  const [since, until] = [query.text("since"), query.text("until")];
  const [sinceNs, untilNs] = [parseTimestamp(since), parseTimestamp(until)];
  if (sinceNs !== undefined && untilNs !== undefined && untilNs < sinceNs)
    throw new BerthError("invalid-parameter", `\`since\` time (${since}) cannot be after \`until\` time (${until})`);
  const records = engine.system.events({
    sinceNs,
    untilNs,
    filters: parseFilters(query.maybe("filters"), eventFilterKeys),
    signal,
  });
  return (async function* lines() {
    const begin = contentType === jsonSequence ? "\x1e" : "";
    for await (const record of records) {
      // API 1.46 brought the creation of images.
      if (version.minor < 46 && record.type === "image" && record.action === "create") continue;
      yield `${begin}${eventLine(record, version.minor < 52)}\n`;
    }
  })();
}

import { BerthError, isBerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import type { ImportedBuild } from "#spec/berth/build-history.ts";
import type { AttestationStatement } from "#spec/docker/image.ts";
import type { Call, Route } from "../call.ts";
import { parsePlatformParameter } from "#spec/docker/platform-parameter.ts";
import { json, stream } from "../reply.ts";

/** Far above what is kept of one. */
const MAX_BYTES = 12 << 20;

/** Builds that were; see spec/berth/build-history.ts. */
export function berthBuildsRoutes({ builds: { history }, images }: Engine): readonly Route[] {
  const id = (call: Call): string => call.params["id"] ?? "";
  return [
    { method: "GET", pattern: "/berth/builds", handle: () => json(history.list()) },
    { method: "POST", pattern: "/berth/builds", handle: async (call) => json(await imported(call, history)) },
    { method: "GET", pattern: "/berth/builds/{id}", handle: (call) => json(history.find(id(call))) },
    {
      method: "GET",
      pattern: "/berth/builds/{id}/logs",
      handle: (call) => stream("application/x-ndjson", true, once(history.logOf(id(call)))),
    },
    {
      method: "GET",
      pattern: "/berth/builds/{id}/attachments",
      handle: async (call) => json(await attachments(images, history.find(id(call)).images, call)),
    },
    { method: "DELETE", pattern: "/berth/builds/{id}", handle: (call) => json(history.remove(id(call))) },
    { method: "DELETE", pattern: "/berth/builds", handle: () => json(history.removeAll()) },
  ];
}

async function* once(text: string): AsyncGenerator<string> {
  if (text !== "") yield text;
}

/** The first line is the build, the others are its log. */
async function imported(call: Call, history: Engine["builds"]["history"]): Promise<ImportedBuild> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of call.body()) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new BerthError("invalid-parameter", "the build is too long to be imported");
    chunks.push(chunk.slice());
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const end = text.indexOf("\n");
  const first = end < 0 ? text : text.slice(0, end);
  let entry: unknown;
  try {
    entry = JSON.parse(first);
  } catch (cause) {
    throw new BerthError("invalid-parameter", "the first line is no JSON", { cause });
  }
  return history.import(entry, end < 0 ? "" : text.slice(end + 1));
}

/** Of the images that are there still. */
async function attachments(
  images: Engine["images"],
  ids: readonly string[],
  { query }: Call,
): Promise<readonly AttestationStatement[]> {
  const platform = parsePlatformParameter(query.text("platform"));
  const types = query.text("type") === "" ? [] : [query.text("type")];
  const found: AttestationStatement[] = [];
  for (const image of ids) {
    try {
      found.push(...(await images.attestations(image, { platform, types, withStatement: true })));
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
    }
  }
  return found;
}

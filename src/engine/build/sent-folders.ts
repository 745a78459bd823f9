import { ByteReader } from "#base/byte-reader.ts";
import type { BuildPlace } from "#build/build-place.ts";
import type { SentTrees } from "#build/sources/sent-trees.ts";
import type { CacheRequest } from "#build/cache/cache-target.ts";
import type { BuildContext, EngineBuildRequest } from "./build-request.ts";

const LAYOUT = "oci-layout://";

/**
 * Lay out what a client elsewhere sends, and let the request name the places where it is now. `invalid-parameter` for
 * chunks that are not those that were offered.
 */
export async function withSentFolders(
  trees: Pick<SentTrees, "archive" | "sweep">,
  request: EngineBuildRequest,
  place: BuildPlace,
): Promise<EngineBuildRequest> {
  if (request.sent.size === 0) return request;
  const body = new ByteReader(request.chunks);
  const folders = new Map<string, string>();
  for (const [path, id] of request.sent)
    folders.set(path, await place.receive(`sent-${folders.size}`, trees.archive(id, body)));
  trees.sweep();
  const { context } = request;
  const sent = context.kind === "folder" ? folders.get(context.path) : undefined;
  return {
    ...request,
    context: contextHere(context, sent, body),
    contexts: new Map([...request.contexts].map(([name, value]) => [name, namedHere(value, folders)])),
    cacheFrom: request.cacheFrom.map((cache) => cacheHere(cache, folders)),
  };
}

/** An archive comes behind the chunks. */
function contextHere(context: BuildContext, sent: string | undefined, body: ByteReader): BuildContext {
  if (sent !== undefined) return { kind: "sent", path: sent };
  return context.kind === "archive" ? { kind: "archive", body: body.rest() } : context;
}

/** A layout is `PATH[:TAG][@DIGEST]`. */
function namedHere(value: string, folders: ReadonlyMap<string, string>): string {
  if (!value.startsWith(LAYOUT)) return folders.get(value) ?? value;
  const [, path = "", rest = ""] = /^([^@]*?)((?::[^/@]*)?(?:@.*)?)$/s.exec(value.slice(LAYOUT.length)) ?? [];
  const here = folders.get(path);
  return here === undefined ? value : `${LAYOUT}${here}${rest}`;
}

function cacheHere(cache: CacheRequest, folders: ReadonlyMap<string, string>): CacheRequest {
  const here = cache.type === "local" ? folders.get(cache.attributes["src"] ?? "") : undefined;
  return here === undefined ? cache : { ...cache, attributes: { ...cache.attributes, src: here } };
}

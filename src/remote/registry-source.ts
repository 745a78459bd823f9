import { createHash } from "node:crypto";
import { sleep } from "#base/async.ts";
import { digestAlgorithm, isDigest, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import { HttpFailure, type HttpAnswer } from "#host/web/registry-http.ts";
import type { ImageSource, SourceManifest } from "#image/source.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { ACCEPTED_MANIFESTS } from "#spec/oci/media-types.ts";
import { familiarName, familiarString, withDigest, withTag, type Reference } from "#spec/oci/reference.ts";
import { formatRegistryError, type RegistryError } from "#spec/oci/registry-errors.ts";
import { readBytes, readText } from "./read-body.ts";
import { errorOf, type RegistryConnection } from "./registry-connection.ts";

/** Manifests may be this large: the distribution spec's floor, and what registries accept. */
const MAX_MANIFEST_SIZE = 4 << 20;
const MAX_TAGS_PAGE = 8 << 20;
const MAX_TAG_PAGES = 1000;
/** Failures in all; those in a row without a byte of progress are the person's to bound. */
const MAX_FAILURES = 30;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;

/** One repository of a registry, by the OCI distribution spec. */
export class RegistrySource implements ImageSource {
  readonly #connection: RegistryConnection;
  readonly #repository: Reference;
  readonly #attempts: number;

  /** `attempts`: failures in a row without a byte of progress before a transfer is given up. */
  constructor(deps: {
    readonly connection: RegistryConnection;
    readonly repository: Reference;
    readonly attempts: number;
  }) {
    this.#connection = deps.connection;
    this.#repository = deps.repository;
    this.#attempts = deps.attempts;
  }

  async manifest(
    target: { readonly tag: string } | { readonly digest: string },
    signal: AbortSignal,
  ): Promise<SourceManifest> {
    const wanted =
      "tag" in target ? withTag(this.#repository, target.tag) : withDigest(this.#repository, target.digest);
    const name = "tag" in target ? target.tag : target.digest;
    const { answer, url } = await this.#connection.get({
      path: `/v2/${this.#repository.path}/manifests/${name}`,
      headers: { accept: ACCEPTED_MANIFESTS.join(", ") },
      signal,
    });
    if (answer.status !== 200) throw await refusal(answer, url, wanted, "MANIFEST_UNKNOWN");
    const bytes = await readBytes(answer, MAX_MANIFEST_SIZE);
    const claimed = answer.header("docker-content-digest");
    const expected =
      "digest" in target ? target.digest : claimed !== undefined && isDigest(claimed) ? claimed : undefined;
    if (expected !== undefined && digestBytes(bytes, expected) !== expected) {
      throw new BerthError("data-loss", `manifest verification failed for digest ${expected}`);
    }
    return {
      mediaType: (answer.header("content-type") ?? "").split(";")[0]?.trim() ?? "",
      digest: expected ?? digestBytes(bytes, "sha256:"),
      bytes,
    };
  }

  async *blob(
    blob: Descriptor,
    options: { readonly signal: AbortSignal; readonly onRetry: (seconds: number) => void; readonly offset?: number },
  ): AsyncIterable<Uint8Array> {
    let offset = options.offset ?? 0;
    if (offset > 0 && offset >= blob.size) return;
    let idleFailures = 0;
    for (let failures = 1; ; failures++) {
      const idleBefore = idleFailures;
      try {
        for await (const chunk of this.#blobFrom(blob, offset, options.signal)) {
          offset += chunk.length;
          idleFailures = 0;
          yield chunk;
        }
        if (offset >= blob.size) return;
        throw new HttpFailure("broken", "unexpected EOF", undefined);
      } catch (error) {
        if (!(error instanceof HttpFailure) || error.reason === "cancelled") throw error;
        // Drops are no progress: whoever sends nothing else is given up as who sends nothing is.
        if (error.reason === "slow") idleFailures = idleBefore;
        if (++idleFailures >= this.#attempts || failures >= Math.max(MAX_FAILURES, this.#attempts)) throw error;
      }
      const pause = Math.min(FIRST_WAIT_MS * 2 ** (idleFailures - 1), MAX_WAIT_MS);
      options.onRetry(Math.ceil(pause / 1000));
      await sleep(pause, options.signal);
    }
  }

  async tags(signal: AbortSignal): Promise<readonly string[]> {
    const tags: string[] = [];
    let path: string | undefined = `/v2/${this.#repository.path}/tags/list`;
    for (let page = 0; path !== undefined && page < MAX_TAG_PAGES; page++) {
      const { answer, url }: { answer: HttpAnswer; url: string } = await this.#connection.get({ path, signal });
      if (answer.status !== 200) throw await refusal(answer, url, this.#repository, "NAME_UNKNOWN");
      tags.push(...readTags(await readText(answer, MAX_TAGS_PAGE)));
      path = nextPage(answer.header("link"), url);
    }
    return tags;
  }

  /** One transfer from `offset` on; a server that ignores Range is read past what is there already. */
  async *#blobFrom(blob: Descriptor, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { answer, url } = await this.#connection.get({
      path: `/v2/${this.#repository.path}/blobs/${blob.digest}`,
      ...(offset > 0 ? { headers: { range: `bytes=${offset}-` } } : {}),
      signal,
    });
    if (answer.status !== 200 && answer.status !== 206) {
      throw await refusal(answer, url, withDigest(this.#repository, blob.digest), "BLOB_UNKNOWN");
    }
    let skip = answer.status === 206 ? checkedStart(answer, offset) : offset;
    try {
      for await (const chunk of answer.body) {
        const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
        skip = Math.max(0, skip - chunk.length);
        if (fresh.length > 0) yield fresh;
      }
    } finally {
      answer.cancel();
    }
  }
}

/** How many bytes to skip of a 206 that was asked to begin at `offset`. */
function checkedStart(answer: HttpAnswer, offset: number): number {
  const start = Number(/^bytes ([0-9]+)-/.exec(answer.header("content-range") ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(start)) return 0;
  if (start > offset) throw new HttpFailure("broken", "the registry skipped part of a blob", undefined);
  return offset - start;
}

/** docker-compat: the sentences and classes of moby's translatePullError. */
async function refusal(answer: HttpAnswer, url: string, wanted: Reference, codeOf404: string): Promise<BerthError> {
  const { status } = answer;
  const fallback: RegistryError | undefined =
    status === 404 ? { code: codeOf404, message: codeOf404.replaceAll("_", " ").toLowerCase() } : undefined;
  const error = (await errorOf(answer)) ?? fallback;
  if (error === undefined) {
    return new BerthError("internal", `received unexpected HTTP status: ${status} from ${url}`);
  }
  const text = formatRegistryError(error);
  switch (error.code) {
    case "DENIED":
      return new BerthError(
        "not-found",
        `pull access denied for ${familiarName(wanted)}, repository does not exist or may require 'docker login': ${text}`,
      );
    case "MANIFEST_UNKNOWN":
      return new BerthError("not-found", `manifest for ${familiarString(wanted)} not found: ${text}`);
    case "NAME_UNKNOWN":
      return new BerthError("not-found", `repository ${familiarName(wanted)} not found: ${text}`);
    case "UNAUTHORIZED":
      return new BerthError("unauthorized", text);
    default:
      return new BerthError(status === 404 ? "not-found" : "internal", text);
  }
}

function digestBytes(bytes: Uint8Array, like: string): string {
  const algorithm = isDigest(like) ? digestAlgorithm(parseDigest(like)) : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

function readTags(body: string): readonly string[] {
  const value: unknown = JSON.parse(body);
  const tags = typeof value === "object" && value !== null && "tags" in value ? value.tags : undefined;
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string") : [];
}

/** RFC 8288 `Link: <…>; rel="next"`, only within the same registry. */
function nextPage(link: string | undefined, url: string): string | undefined {
  const target = link === undefined ? undefined : /<([^>]*)>[^,]*;\s*rel="?next"?/.exec(link)?.[1];
  const next = target === undefined ? null : URL.parse(target, url);
  return next === null || next.origin !== new URL(url).origin ? undefined : next.href;
}

import { SingleFlight } from "#base/async.ts";
import { isDigest } from "#base/digest.ts";
import { messageOf } from "#base/errors.ts";
import { isRepositoryName, isTag } from "#spec/oci/reference.ts";
import type { RegistryContext } from "../context.ts";
import { RegistryFailure } from "../failure.ts";
import { putManifest } from "../manifests/put-manifest.ts";
import { finishUpload } from "../uploads/finish-upload.ts";
import { startUpload } from "../uploads/start-upload.ts";
import type { CachedUpstream, Upstream } from "./upstream.ts";

/** How fresh what is served is. `stale`: the upstream could not be asked, so it is what was known before. */
export type Freshness = "own" | "fresh" | "stale";

/** Where a repository comes from, and what it is called there. */
interface Place {
  readonly upstream: Upstream;
  readonly name: string;
}

/** A tag that was looked up is believed for so long. */
const TAG_TTL_MS = 60_000;
/** Who has something to serve does not wait longer. */
const PATIENCE_MS = 5_000;
const MOST_CHECKED = 50_000;
const actor = { name: "cache" };

/**
 * Repositories of other registries, fetched when they are first pulled and kept like what is pushed. Content is asked for
 * once, also by many at the same time; a tag is looked up anew after a minute, and what it pointed to before is served
 * while the upstream is down or refuses.
 */
export class PullThrough {
  readonly #context: RegistryContext;
  readonly #upstreams: readonly CachedUpstream[];
  readonly #flights = new SingleFlight<boolean>();
  readonly #checkedAtMs = new Map<string, number>();

  constructor(context: RegistryContext, upstreams: readonly CachedUpstream[]) {
    this.#context = context;
    this.#upstreams = upstreams;
  }

  /** Is there an upstream of this name? */
  has(prefix: string): boolean {
    return this.#upstreams.some((each) => each.prefix === prefix);
  }

  /** Make sure that the manifest is here if the upstream has it. `UNAVAILABLE` when neither has it and that cannot be asked. */
  async manifest(repository: string, reference: string): Promise<Freshness> {
    const place = this.#placeOf(repository);
    if (place === undefined || !(isDigest(reference) || isTag(reference))) return "own";
    const { manifests, tags, repositories, now } = this.#context;
    const row = repositories.find(repository);
    const known =
      row === undefined
        ? undefined
        : isDigest(reference)
          ? manifests.find(row.id, reference)?.digest
          : tags.find(row.id, reference)?.digest;
    const key = `${repository}:${reference}`;
    if (known !== undefined && isDigest(reference)) return "fresh";
    if (known !== undefined && now() - (this.#checkedAtMs.get(key) ?? 0) < TAG_TTL_MS) return "fresh";
    try {
      await this.#flights.run(key, () => this.#refresh(place, repository, reference, known));
      if (this.#checkedAtMs.size >= MOST_CHECKED) this.#checkedAtMs.clear();
      this.#checkedAtMs.set(key, now());
      return "fresh";
    } catch (error) {
      this.#context.log.warn("an upstream cannot be asked", { repository, reference, error: messageOf(error) });
      if (known === undefined) throw unavailable(error);
      return "stale";
    }
  }

  /** Make sure that the blob is here if the upstream has it. */
  async blob(repository: string, digest: string): Promise<void> {
    const place = this.#placeOf(repository);
    if (place === undefined || !isDigest(digest)) return;
    const row = this.#context.repositories.find(repository);
    if (row !== undefined && this.#context.blobs.linked(row.id, digest) !== undefined) return;
    try {
      await this.#flights.run(`${repository}@${digest}`, () => this.#fetchBlob(place, repository, digest));
    } catch (error) {
      this.#context.log.warn("a blob cannot be fetched", { repository, digest, error: messageOf(error) });
      throw unavailable(error);
    }
  }

  /** What can name nothing is not asked for elsewhere: there it might be part of another path. */
  #placeOf(repository: string): Place | undefined {
    if (!isRepositoryName(repository)) return undefined;
    const found = this.#upstreams.find(({ prefix }) => repository.startsWith(`${prefix}/`));
    if (found === undefined) return undefined;
    return { upstream: found.upstream, name: repository.slice(found.prefix.length + 1) };
  }

  /** False when the upstream does not have it; what is here then stays, it may have been pushed here. */
  async #refresh(
    { upstream, name }: Place,
    repository: string,
    reference: string,
    known: string | undefined,
  ): Promise<boolean> {
    const signal = known === undefined ? new AbortController().signal : AbortSignal.timeout(PATIENCE_MS);
    if (known !== undefined && (await upstream.digestOf(name, reference, signal)) === known) return true;
    const found = await upstream.manifest(name, reference, signal);
    if (found === undefined) return false;
    putManifest(this.#context, {
      repository,
      reference,
      tags: [],
      contentType: found.mediaType,
      bytes: found.bytes,
      actor,
      isSparse: true,
    });
    return true;
  }

  async #fetchBlob({ upstream, name }: Place, repository: string, digest: string): Promise<boolean> {
    const bytes = await upstream.blob(name, digest, new AbortController().signal);
    if (bytes === undefined) return false;
    const id = await startUpload(this.#context, repository, digest.startsWith("sha512") ? "sha512" : "sha256");
    try {
      await finishUpload(this.#context, repository, id, { digest, chunk: { bytes }, actor });
      return true;
    } finally {
      await this.#context.storage.discard(id);
    }
  }
}

function unavailable(cause: unknown): RegistryFailure {
  return new RegistryFailure("UNAVAILABLE", [
    { message: `the upstream registry cannot be asked: ${messageOf(cause)}` },
  ]);
}

import { sleep } from "#base/async.ts";
import { BerthError, type ErrorKind } from "#base/errors.ts";
import { HttpFailure, type HttpAnswer } from "#host/web/registry-http.ts";
import type { ImageSink, SendOptions } from "#image/sink.ts";
import type { SourceManifest } from "#image/source.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { ACCEPTED_MANIFESTS } from "#spec/oci/media-types.ts";
import type { Reference } from "#spec/oci/reference.ts";
import { formatRegistryError } from "#spec/oci/registry-errors.ts";
import { drain } from "./read-body.ts";
import { errorOf, type RegistryAnswer, type RegistryChange, type RegistryConnection } from "./registry-connection.ts";

/** Smaller blobs travel with the request that ends their upload. */
const ONE_REQUEST_SIZE = 1 << 20;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
const OCTETS = { "content-type": "application/octet-stream" } as const;

type Read = (offset: number) => AsyncIterable<Uint8Array>;

/** An upload under way at the registry. */
interface Upload {
  /** Where the next request goes: the registry's latest Location. */
  readonly url: string;
  /** Bytes the registry has. */
  readonly offset: number;
}

/**
 * One repository of a registry as a place to push to, by the OCI distribution spec ("Push"):
 *
 *   POST uploads ──▶ PATCH all bytes ──▶ PUT ?digest=
 *                       │  ▲
 *                 broken▼  │ the rest only
 *                      GET status ── 404 ──▶ POST uploads, anew
 */
export class RegistrySink implements ImageSink {
  readonly #connection: RegistryConnection;
  readonly #path: string;
  readonly #attempts: number;

  /** `attempts`: failures in a row without a byte of progress before a transfer is given up. */
  constructor(deps: {
    readonly connection: RegistryConnection;
    readonly repository: Reference;
    readonly attempts: number;
  }) {
    this.#connection = deps.connection;
    this.#path = `/v2/${deps.repository.path}`;
    this.#attempts = deps.attempts;
  }

  hasBlob(digest: string, signal: AbortSignal): Promise<boolean> {
    return this.#has({ target: `${this.#path}/blobs/${digest}`, signal });
  }

  hasManifest(digest: string, signal: AbortSignal): Promise<boolean> {
    const headers = { accept: ACCEPTED_MANIFESTS.join(", ") };
    return this.#has({ target: `${this.#path}/manifests/${digest}`, headers, signal });
  }

  async #has(request: Pick<RegistryChange, "target" | "headers" | "signal">): Promise<boolean> {
    const { answer, url } = await this.#connection.retried({ method: "HEAD", ...request });
    if (answer.status === 200) await drain(answer);
    else if (answer.status !== 404) throw await refusal({ answer, url });
    else await drain(answer);
    return answer.status === 200;
  }

  async mountBlob(digest: string, fromPath: string, signal: AbortSignal): Promise<boolean> {
    const query = new URLSearchParams({ mount: digest, from: fromPath });
    const target = `${this.#path}/blobs/uploads/?${query.toString()}`;
    const { answer, url } = await this.#connection.retried({ method: "POST", target, signal, headers: EMPTY });
    if (answer.status === 201) {
      await drain(answer);
      return true;
    }
    if (answer.status !== 202) {
      // Who may not read the other repository may still push here.
      await drain(answer);
      return false;
    }
    await this.#cancel(locationOf(answer, url), answer, signal);
    return false;
  }

  async putBlob(blob: Descriptor, read: Read, options: SendOptions): Promise<void> {
    let upload: Upload | undefined;
    let farthest = 0;
    for (let failures = 0; ;) {
      try {
        upload ??= await this.#start(options.signal);
        await this.#transfer(upload, blob, read, options);
        return;
      } catch (error) {
        if (!isWorthAnotherTry(error)) throw error;
        const offset = upload?.offset ?? 0;
        failures = offset > farthest ? 1 : failures + 1;
        farthest = Math.max(farthest, offset);
        if (failures >= this.#attempts) throw error;
      }
      const pause = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), MAX_WAIT_MS);
      options.onRetry(Math.ceil(pause / 1000));
      await sleep(pause, options.signal);
      if (upload !== undefined) upload = await this.#status(upload, blob, options.signal);
    }
  }

  async putManifest(
    name: { readonly tag: string } | { readonly digest: string },
    document: SourceManifest,
    signal: AbortSignal,
  ): Promise<void> {
    const { answer, url } = await this.#connection.retried({
      method: "PUT",
      target: `${this.#path}/manifests/${"tag" in name ? name.tag : name.digest}`,
      headers: { "content-type": document.mediaType },
      body: document.bytes,
      signal,
    });
    if (answer.status !== 201 && answer.status !== 202 && answer.status !== 200) throw await refusal({ answer, url });
    const digest = answer.header("docker-content-digest");
    await drain(answer);
    if (digest !== undefined && digest !== document.digest) {
      throw new BerthError("data-loss", `the registry took manifest ${document.digest} for ${digest.slice(0, 200)}`);
    }
  }

  async #start(signal: AbortSignal): Promise<Upload> {
    const target = `${this.#path}/blobs/uploads/`;
    const { answer, url } = await this.#connection.retried({ method: "POST", target, signal, headers: EMPTY });
    if (answer.status !== 202) throw await refusal({ answer, url });
    await drain(answer);
    return { url: locationOf(answer, url), offset: 0 };
  }

  /** From the upload's offset to the end, and the closing request. */
  async #transfer(upload: Upload, blob: Descriptor, read: Read, options: SendOptions): Promise<void> {
    const body = {
      sizeBytes: blob.size - upload.offset,
      chunks: () => counted(read(upload.offset), upload.offset, options),
    };
    if (upload.offset === 0 && blob.size <= ONE_REQUEST_SIZE) {
      await this.#close(upload.url, blob, options, body);
      return;
    }
    let { url } = upload;
    if (body.sizeBytes > 0) {
      const range = upload.offset === 0 ? {} : { "content-range": `${upload.offset}-${blob.size - 1}` };
      const { signal } = options;
      const sent = await this.#connection.send({
        method: "PATCH",
        target: url,
        headers: { ...OCTETS, ...range },
        body,
        signal,
      });
      if (sent.answer.status !== 202) throw await refusal(sent);
      await drain(sent.answer);
      url = locationOf(sent.answer, sent.url);
    }
    await this.#close(url, blob, options, undefined);
  }

  async #close(
    location: string,
    blob: Descriptor,
    { signal }: SendOptions,
    body: { readonly sizeBytes: number; readonly chunks: () => AsyncIterable<Uint8Array> } | undefined,
  ): Promise<void> {
    const target = new URL(location);
    target.searchParams.set("digest", blob.digest);
    const headers = body === undefined ? EMPTY : OCTETS;
    const { answer, url } = await this.#connection.send({
      method: "PUT",
      target: target.href,
      headers,
      ...(body === undefined ? {} : { body }),
      signal,
    });
    if (answer.status !== 201 && answer.status !== 204) throw await refusal({ answer, url });
    await drain(answer);
  }

  /** How much of an upload the registry has; undefined when it knows nothing of it any more. */
  async #status(upload: Upload, blob: Descriptor, signal: AbortSignal): Promise<Upload | undefined> {
    const { answer, url } = await this.#connection.retried({ method: "GET", target: upload.url, signal });
    await drain(answer);
    if (answer.status !== 204 && answer.status !== 202) return undefined;
    const last = Number(/^(?:bytes=)?0-([0-9]+)$/.exec(answer.header("range") ?? "")?.[1] ?? 0);
    // "0-0" stands for nothing as well as for one byte.
    const offset = last === 0 ? 0 : last + 1;
    if (offset === 0 || offset > blob.size) return undefined;
    return { url: answer.header("location") === undefined ? url : locationOf(answer, url), offset };
  }

  async #cancel(location: string, answer: HttpAnswer, signal: AbortSignal): Promise<void> {
    await drain(answer);
    try {
      await drain((await this.#connection.send({ method: "DELETE", target: location, signal })).answer);
    } catch {
      // A registry that will not hear of it throws old uploads away by itself.
    }
  }
}

const EMPTY = { "content-length": "0" } as const;

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  offset: number,
  { onProgress }: SendOptions,
): AsyncIterable<Uint8Array> {
  let sent = offset;
  for await (const chunk of chunks) {
    yield chunk;
    sent += chunk.length;
    onProgress(sent);
  }
}

function locationOf(answer: HttpAnswer, url: string): string {
  const location = answer.header("location");
  const next = location === undefined ? null : URL.parse(location, url);
  if (next === null) throw new BerthError("internal", `the registry named no place to upload to: ${url}`);
  return next.href;
}

/** A registry that is overloaded, forgot the upload or lost part of it, and a connection that broke. */
class PassingRefusal extends BerthError {}

function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof HttpFailure) return error.reason !== "cancelled";
  return error instanceof PassingRefusal;
}

const PASSING: ReadonlySet<number> = new Set([404, 408, 416, 429, 500, 502, 503, 504]);

/** docker-compat: `denied: requested access to the resource is denied`, as the registry words it. */
async function refusal({ answer, url }: RegistryAnswer): Promise<BerthError> {
  const { status } = answer;
  const error = await errorOf(answer);
  const text =
    error === undefined ? `received unexpected HTTP status: ${status} from ${url}` : formatRegistryError(error);
  const kind = (error === undefined ? undefined : KIND_OF_CODE[error.code]) ?? "internal";
  const isPassing = PASSING.has(status) || error?.code === "DIGEST_INVALID";
  return isPassing ? new PassingRefusal(kind, text) : new BerthError(kind, text);
}

const KIND_OF_CODE: Readonly<Record<string, ErrorKind>> = {
  UNAUTHORIZED: "unauthorized",
  DENIED: "forbidden",
  NAME_UNKNOWN: "not-found",
};

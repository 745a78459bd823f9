import { createHash, createHmac } from "node:crypto";
import { BerthError, messageOf } from "#base/errors.ts";
import { sha256Hex } from "#base/sha256.ts";

/** A bucket of an S3-compatible object store, and who may use it. */
export interface S3Place {
  /** `https://HOST[:PORT]`; the bucket is the first part of its paths. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Object {
  readonly key: string;
  readonly modifiedAtMs: number;
}

const PART_BYTES = 16 * 1024 * 1024;

/** Objects by key, through the runtime's own client. Failures of the store are `unavailable`, naming what was tried. */
export class S3Bucket {
  readonly #place: S3Place;
  readonly #client: Bun.S3Client;

  constructor(place: S3Place) {
    this.#place = place;
    this.#client = new Bun.S3Client({ ...place });
  }

  /** Store a file under `key`; it appears whole or not at all. */
  async put(key: string, path: string): Promise<void> {
    await told(`store ${key}`, () => this.#client.write(key, Bun.file(path), { partSize: PART_BYTES }));
  }

  /** Undefined when there is no such object. */
  async stat(key: string): Promise<{ readonly sizeBytes: number; readonly etag: string } | undefined> {
    return told(`look at ${key}`, async () => {
      try {
        const { size, etag } = await this.#client.stat(key);
        return { sizeBytes: size, etag };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** The bytes from `start` on. `not-found`. */
  async *read(key: string, start: number): AsyncIterable<Uint8Array> {
    try {
      const file = this.#client.file(key);
      yield* (start === 0 ? file : file.slice(start)).stream() as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      if (isMissing(error)) throw new BerthError("not-found", `object ${key} not found`, { cause: error });
      throw failure(`read ${key}`, error);
    }
  }

  async remove(key: string): Promise<void> {
    await told(`remove ${key}`, () => this.#client.delete(key));
  }

  /** Every object whose key begins with `prefix`, by S3's ListObjectsV2. */
  async *list(prefix: string): AsyncIterable<S3Object> {
    for (let token: string | undefined = ""; token !== undefined;) {
      const text: string = await told(`list ${prefix}`, () => this.#page(prefix, token ?? ""));
      for (const [, content = ""] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = unescaped(/<Key>(.*?)<\/Key>/s.exec(content)?.[1] ?? "");
        yield { key, modifiedAtMs: Date.parse(/<LastModified>(.*?)<\/LastModified>/s.exec(content)?.[1] ?? "") };
      }
      const next = /<NextContinuationToken>(.*?)<\/NextContinuationToken>/s.exec(text)?.[1];
      token = next === undefined ? undefined : unescaped(next);
    }
  }

  async #page(prefix: string, token: string): Promise<string> {
    const query = { "list-type": "2", prefix, ...(token === "" ? {} : { "continuation-token": token }) };
    const { url, headers } = signedGet(this.#place, query, new Date());
    const answer = await fetch(url, { headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${/<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? ""}`);
    return text;
  }
}

/** A GET of the bucket, signed by AWS Signature Version 4 ("Authenticating Requests: Using the Authorization Header"). */
function signedGet(
  { endpoint, bucket, region, accessKeyId, secretAccessKey }: S3Place,
  query: Readonly<Record<string, string>>,
  now: Date,
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  const { origin, host } = new URL(endpoint);
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const parameters = Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join("&");
  const bodyHash = createHash("sha256").update("").digest("hex");
  const headers = { host, "x-amz-content-sha256": bodyHash, "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ["GET", `/${encoded(bucket)}`, parameters, lines.join(""), names, bodyHash].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = sha256Hex(request);
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const signature = createHmac("sha256", key).update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`).digest("hex");
  const credential = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { url: `${origin}/${encoded(bucket)}?${parameters}`, headers: { ...headers, authorization: credential } };
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function unescaped(xml: string): string {
  const names: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return xml.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_whole, name: string) => names[name] ?? "");
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "NoSuchKey" || error.code === "NotFound");
}

async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(what, error);
  }
}

function failure(what: string, error: unknown): BerthError {
  return new BerthError("unavailable", `the object store could not ${what}: ${messageOf(error)}`, { cause: error });
}

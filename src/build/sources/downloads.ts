import { createHash } from "node:crypto";
import { BerthError, isBerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { ensureDirectory, withFd } from "#host/files.ts";
import { AT_FDCWD, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from "#host/linux.ts";
import type { HttpAnswer, RegistryHttp } from "#host/registry-http.ts";
import { open, utimensat, writeAll } from "#host/syscalls.ts";
import type { GitSource, HttpSource } from "../graph/types.ts";
import type { LoadedSource, StepEvent } from "../solver/types.ts";
import { cloneRepository } from "./git.ts";

const MAX_REDIRECTS = 10;

/** What one build takes from the network, in folders of its own below `directory`. */
export class Downloads {
  readonly #http: RegistryHttp;
  readonly #directory: string;

  /** `directory` is the caller's to remove. */
  constructor(deps: { readonly http: RegistryHttp; readonly directory: string }) {
    this.#http = deps.http;
    this.#directory = deps.directory;
  }

  /** One file with the time the server tells. `invalid-parameter` for another checksum or an answer that is none. */
  async http(source: HttpSource, signal: AbortSignal, report: (event: StepEvent) => void): Promise<LoadedSource> {
    const path = this.#newFolder();
    await this.download(source.url, `${path}/${source.filename}`, { checksum: source.checksum, signal, report });
    return { tree: { kind: "folder", path, excludes: [], lasting: false }, key: undefined, id: "" };
  }

  async git(source: GitSource, signal: AbortSignal, report: (event: StepEvent) => void): Promise<LoadedSource> {
    const folder = this.#newFolder();
    const path = await cloneRepository(source, folder, signal, (bytes) =>
      report({ type: "output", stream: "stderr", bytes }),
    );
    return { tree: { kind: "folder", path, excludes: [], lasting: false }, key: undefined, id: "" };
  }

  /** The content type, "" when the server tells none. */
  async download(
    url: string,
    path: string,
    options: {
      readonly checksum: string | undefined;
      readonly signal: AbortSignal;
      readonly report: (event: StepEvent) => void;
    },
  ): Promise<string> {
    const { checksum, signal, report } = options;
    const answer = await this.#get(url, signal);
    const total = Number(answer.header("content-length") ?? 0);
    const hash = createHash("sha256");
    let current = 0;
    const fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    for await (const chunk of closing(fd, answer.body)) {
      writeAll(fd, chunk);
      hash.update(chunk);
      current += chunk.length;
      report({ type: "progress", status: "Downloading", id: "", current, total });
    }
    const digest = `sha256:${hash.digest("hex")}`;
    if (checksum !== undefined && checksum !== digest)
      throw new BerthError("invalid-parameter", `digest mismatch for ${url}: ${digest} (expected: ${checksum})`);
    const seconds = Math.floor(Date.parse(answer.header("last-modified") ?? "") / 1000);
    const time = { seconds: Number.isFinite(seconds) ? seconds : 0, nanoseconds: 0 };
    utimensat(AT_FDCWD, path, time, time);
    return answer.header("content-type") ?? "";
  }

  async #get(first: string, signal: AbortSignal): Promise<HttpAnswer> {
    let url = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await this.#send(url, signal);
      const location = answer.status >= 300 && answer.status < 400 ? answer.header("location") : undefined;
      if (location === undefined) {
        if (answer.status >= 200 && answer.status < 300) return answer;
        answer.cancel();
        throw new BerthError(
          "invalid-parameter",
          `failed to download ${first}: the server answered with status ${answer.status}`,
        );
      }
      answer.cancel();
      url = new URL(location, url).href;
      if (!/^https?:/.test(url))
        throw new BerthError("invalid-parameter", `${first} leads to ${url}, which is no web address`);
    }
    throw new BerthError("invalid-parameter", `failed to download ${first}: stopped after ${MAX_REDIRECTS} redirects`);
  }

  async #send(url: string, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      return await this.#http.send({ url, method: "GET", headers: { "user-agent": "berth" }, signal });
    } catch (error) {
      if (!isBerthError(error, "internal")) throw error;
      throw new BerthError("invalid-parameter", `failed to download ${url}: ${error.message}`, { cause: error });
    }
  }

  #newFolder(): string {
    const path = `${this.#directory}/${randomHex(8)}`;
    ensureDirectory(path, 0o755);
    return path;
  }
}

/** The descriptor is closed when the chunks end, however they do. */
async function* closing(fd: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    withFd(fd, () => {});
  }
}

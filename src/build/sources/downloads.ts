import { createHash } from "node:crypto";
import { BerthError, isBerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { ensureDirectory, withFd } from "#host/files/files.ts";
import { AT_FDCWD, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from "#host/kernel/linux.ts";
import type { HttpAnswer, RegistryHttp } from "#host/web/registry-http.ts";
import { open, utimensat, writeAll } from "#host/kernel/syscalls.ts";
import type { GitSource, HttpSource } from "../graph/types.ts";
import { hashOf } from "../solver/step-key.ts";
import type { FileTree, LoadedSource, StepEvent } from "../solver/types.ts";
import { webAuthorization, type SourceCredentials } from "./credentials.ts";
import { cloneRepository, resolveCommit } from "./git.ts";
import type { KnownPage, KnownPages } from "./known-pages.ts";

const MAX_REDIRECTS = 10;

export interface DownloadsDeps {
  readonly http: RegistryHttp;
  readonly pages: KnownPages;
  /** The caller's to remove. */
  readonly directory: () => string;
  readonly credentials: SourceCredentials;
}

type Report = (event: StepEvent) => void;

/**
 * What one build takes from the network, in folders of its own below a directory. A source is only fetched where its
 * checksum, what its server says or its commit do not tell already that all made of it is there.
 */
export class Downloads {
  readonly #deps: DownloadsDeps;

  constructor(deps: DownloadsDeps) {
    this.#deps = deps;
  }

  /**
   * One file, with the time the server tells. `invalid-parameter` for another checksum or an answer that is none.
   */
  async http(source: HttpSource, signal: AbortSignal, report: Report): Promise<LoadedSource> {
    const { url, filename, checksum } = source;
    const path = this.#newFolder();
    const tree = folder(path);
    const fetch = (etag: string): Promise<Download> =>
      this.#download(url, `${path}/${filename}`, { checksum, etag, signal, report });
    if (checksum !== undefined) {
      const key = hashOf("http", checksum, filename);
      return { tree: async () => (await fetch("")) && tree, key, id: "" };
    }
    const known = this.#deps.pages.find(url);
    const { page } = await fetch(known?.etag ?? "");
    if (page !== undefined) {
      if (page.etag !== "") this.#deps.pages.keep(url, page);
      return { tree: () => tree, key: keyOf(filename, page), id: "" };
    }
    if (known === undefined) throw failed(url, "the server answered with status 304");
    const again = async (): Promise<FileTree> => {
      const now = await fetch("");
      if (now.page?.digest === known.digest) return tree;
      throw failed(url, "it changed while it was being fetched");
    };
    return { tree: again, key: keyOf(filename, known), id: "" };
  }

  /** `invalid-parameter` in git's words. */
  async git(source: GitSource, signal: AbortSignal, report: Report): Promise<LoadedSource> {
    const directory = this.#newFolder();
    const options = {
      signal,
      credentials: this.#deps.credentials,
      onOutput: (bytes: Uint8Array): void => report({ type: "output", stream: "stderr", bytes }),
    };
    const commit = await resolveCommit(source, directory, options);
    const clone = async (): Promise<FileTree> => folder(await cloneRepository(source, commit, directory, options));
    if (commit === undefined) {
      const tree = await clone();
      return { tree: () => tree, key: undefined, id: "" };
    }
    const { subdirectory, keepGitDirectory, submodules } = source;
    return { tree: clone, key: hashOf("git", commit, subdirectory, keepGitDirectory, submodules), id: commit };
  }

  /** Fetch `url` into the new file `path`, but not while `etag` is its tag; "" fetches in any case. */
  download(url: string, path: string, etag: string, signal: AbortSignal): Promise<Download> {
    return this.#download(url, path, { checksum: undefined, etag, signal, report: () => {} });
  }

  async #download(
    url: string,
    path: string,
    options: {
      readonly checksum: string | undefined;
      /** Not fetched while this is its tag; "" fetches in any case. */
      readonly etag: string;
      readonly signal: AbortSignal;
      readonly report: Report;
    },
  ): Promise<Download> {
    const { checksum, etag, signal, report } = options;
    const answer = await this.#get(url, etag, signal);
    if (answer.status === 304) {
      answer.cancel();
      return { page: undefined, contentType: "" };
    }
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
    const told = Date.parse(answer.header("last-modified") ?? "");
    const modifiedSeconds = Number.isFinite(told) ? Math.floor(told / 1000) : 0;
    const time = { seconds: modifiedSeconds, nanoseconds: 0 };
    utimensat(AT_FDCWD, path, time, time);
    const page = { etag: answer.header("etag") ?? "", digest, modifiedSeconds };
    return { page, contentType: answer.header("content-type") ?? "" };
  }

  async #get(first: string, etag: string, signal: AbortSignal): Promise<HttpAnswer> {
    let url = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await this.#send(url, etag, signal);
      const isUnchanged = answer.status === 304 && etag !== "";
      const location = answer.status >= 300 && answer.status < 400 ? answer.header("location") : undefined;
      if (isUnchanged || location === undefined) {
        if (isUnchanged || (answer.status >= 200 && answer.status < 300)) return answer;
        answer.cancel();
        throw failed(first, `the server answered with status ${answer.status}`);
      }
      answer.cancel();
      url = new URL(location, url).href;
      if (!/^https?:/.test(url))
        throw new BerthError("invalid-parameter", `${first} leads to ${url}, which is no web address`);
    }
    throw failed(first, `stopped after ${MAX_REDIRECTS} redirects`);
  }

  async #send(url: string, etag: string, signal: AbortSignal): Promise<HttpAnswer> {
    const authorization = webAuthorization(url, this.#deps.credentials);
    const headers = {
      "user-agent": "berth",
      ...(etag === "" ? {} : { "if-none-match": etag }),
      ...(authorization === undefined ? {} : { authorization }),
    };
    try {
      return await this.#deps.http.send({ url, method: "GET", headers, signal });
    } catch (error) {
      if (!isBerthError(error, "internal")) throw error;
      throw failed(url, error.message, error);
    }
  }

  #newFolder(): string {
    const path = `${this.#deps.directory()}/${randomHex(8)}`;
    ensureDirectory(path, 0o755);
    return path;
  }
}

export interface Download {
  /** Undefined: it is what it was. */
  readonly page: KnownPage | undefined;
  /** "" when the server tells none. */
  readonly contentType: string;
}

const folder = (path: string): FileTree => ({ kind: "folder", path, excludes: [], lasting: false });

const keyOf = (filename: string, { digest, modifiedSeconds }: KnownPage): string =>
  hashOf("http", digest, filename, modifiedSeconds);

function failed(url: string, reason: string, cause?: unknown): BerthError {
  return new BerthError("invalid-parameter", `failed to download ${url}: ${reason}`, { cause });
}

/** The descriptor is closed when the chunks end, however they do. */
async function* closing(fd: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    withFd(fd, () => {});
  }
}

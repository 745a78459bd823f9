import { BerthError } from "#base/errors.ts";
import { readFile } from "#host/files/files.ts";
import { readChunks } from "#host/files/file-reader.ts";
import type { ContextFolder } from "./context-folder.ts";
import type { Downloads } from "./downloads.ts";
import { cloneRepository, contextSource, resolveCommit, type GitOptions } from "./git.ts";
import { KnownContent } from "./known-content.ts";
import type { KnownPages } from "./known-pages.ts";

/** Far above any Dockerfile. */
export const MAX_DOCKERFILE_BYTES = 4 << 20;

/** A build's context at an address. */
export type RemoteContext =
  /** It is nothing but a Dockerfile. */
  { readonly kind: "text"; readonly text: string } | { readonly kind: "folder"; readonly folder: ContextFolder };

export interface RemoteDeps {
  /** Of the build; the caller's to remove. */
  readonly directory: string;
  /** Where {@link KnownContent} is kept. */
  readonly knownDirectory: string;
  readonly downloads: Downloads;
  readonly pages: KnownPages;
  /** Lay an archive out in a folder of the build's: its path. */
  readonly receive: (name: string, body: AsyncIterable<Uint8Array>) => Promise<string>;
}

export interface RemoteOptions extends Pick<GitOptions, "signal" | "credentials"> {
  /** Of a repository: its `.git` is a part of the context. */
  readonly keepGitDirectory: boolean;
}

/**
 * The context at a git address, `#ref:folder` at its end. Only the commit is asked for: files are fetched when something is to
 * be read that is not known of it. `invalid-parameter` in git's words.
 */
export async function openGitContext(
  { directory, knownDirectory }: RemoteDeps,
  url: string,
  options: RemoteOptions,
): Promise<RemoteContext> {
  const source = contextSource(url, options.keepGitDirectory);
  const given = { ...options, onOutput: () => {} };
  const commit = await resolveCommit(source, directory, given);
  if (commit === undefined)
    return inFolder({ path: await cloneRepository(source, undefined, directory, given), lasting: false });
  const kept = source.keepGitDirectory ? " with .git" : "";
  const known = new KnownContent(knownDirectory, `git ${source.remote} ${commit} ${source.subdirectory}${kept}`);
  // By the commit: the ref may have moved on.
  const fetch = onceOnly(() => cloneRepository({ ...source, ref: commit }, commit, directory, given));
  return inFolder({ path: "", lasting: false, fetch, known });
}

/**
 * The context at a web address. docker-compat: what is plain text is a Dockerfile, everything else has to be an archive. It is
 * not fetched while its server says that it is what it was, and not laid out while all that is asked of it is known.
 */
export async function openWebContext(deps: RemoteDeps, url: string, signal: AbortSignal): Promise<RemoteContext> {
  const { directory, knownDirectory, downloads, pages, receive } = deps;
  const contentOf = (digest: string): KnownContent => new KnownContent(knownDirectory, `web ${url} ${digest}`);
  const before = pages.find(url);
  const remembered = before === undefined ? undefined : contentOf(before.digest);
  const [first, second] = [`${directory}/remote`, `${directory}/remote-again`];
  const etag = remembered?.isKnown === true ? (before?.etag ?? "") : "";
  const { page, contentType } = await downloads.download(url, first, etag, signal);
  const layOut = (path: string): Promise<string> => receive("context", readChunks(path));
  if (page === undefined && remembered !== undefined) {
    const { whole } = remembered;
    if (whole !== undefined) return { kind: "text", text: whole };
    const again = async (): Promise<string> => {
      const now = await downloads.download(url, second, "", signal);
      if (now.page?.digest !== before?.digest)
        throw new BerthError("invalid-parameter", `failed to download ${url}: it changed while it was being fetched`);
      return layOut(second);
    };
    return inFolder({ path: "", lasting: false, fetch: onceOnly(again), known: remembered });
  }
  const known = contentOf(page?.digest ?? "");
  if (page !== undefined && page.etag !== "") pages.keep(url, page);
  if (!contentType.startsWith("text/plain"))
    return inFolder({ path: "", lasting: false, fetch: onceOnly(() => layOut(first)), known });
  const text = new TextDecoder().decode(readFile(first, MAX_DOCKERFILE_BYTES));
  known.keepWhole(text);
  return { kind: "text", text };
}

const inFolder = (folder: ContextFolder): RemoteContext => ({ kind: "folder", folder });

function onceOnly<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => (begun ??= work());
}

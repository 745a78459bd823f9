import { randomHex } from "#base/ids.ts";
import { ensureDirectory } from "#host/files/files.ts";
import type { RegistryHttp } from "#host/web/registry-http.ts";
import { Downloads } from "./sources/downloads.ts";
import type { KnownPages } from "./sources/known-pages.ts";
import type { ArchiveReceiver } from "./sources/receive-archive.ts";
import { openGitContext, openWebContext, type RemoteContext, type RemoteOptions } from "./sources/remote-context.ts";

/** Scratch space of one build, made by who first asks for it. */
export interface BuildPlace {
  readonly directory: () => string;
  /** Lay an archive out in a folder of this place. `invalid-parameter` for what is no archive. */
  receive(name: string, body: AsyncIterable<Uint8Array>): Promise<string>;
  /** The context at a web address, or at a git address with `#ref:folder`. */
  remote(kind: "web" | "git", url: string, options: RemoteOptions): Promise<RemoteContext>;
  /** Take everything away. */
  leave(): Promise<void>;
}

export interface BuildPlaceDeps {
  readonly http: RegistryHttp;
  readonly pages: KnownPages;
  readonly receiver: ArchiveReceiver;
  /** Takes a directory away, its name at once. */
  readonly discard: (path: string) => Promise<void>;
  /** What is known of contexts elsewhere, a small file each. */
  readonly knownDirectory: string;
  /** Scratch space on the data root's file system. */
  readonly tmpDir: string;
}

export function buildPlace(deps: BuildPlaceDeps): BuildPlace {
  const { tmpDir, knownDirectory, receiver, discard, http, pages } = deps;
  const path = `${tmpDir}/build-${randomHex(8)}`;
  let isMade = false;
  const directory = (): string => {
    if (!isMade) ensureDirectory(path, 0o700);
    isMade = true;
    return path;
  };
  const receive = async (name: string, body: AsyncIterable<Uint8Array>): Promise<string> => {
    const folder = `${directory()}/${name}`;
    await receiver.receive(folder, body);
    return folder;
  };
  return {
    directory,
    receive,
    remote: (kind, url, options) => {
      const downloads = new Downloads({ http, pages, directory, credentials: options.credentials });
      const remote = { directory: directory(), knownDirectory, downloads, pages, receive };
      return kind === "git" ? openGitContext(remote, url, options) : openWebContext(remote, url, options.signal);
    },
    leave: async () => {
      if (isMade) await discard(path);
    },
  };
}

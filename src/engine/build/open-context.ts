import type { BuildPlace } from "#build/build-place.ts";
import type { ContextFolder } from "#build/sources/context-folder.ts";
import { MAX_DOCKERFILE_BYTES, type RemoteOptions } from "#build/sources/remote-context.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readAll, realPath, withFd } from "#host/files/files.ts";
import { folderIdentity } from "#host/files/folder-identity.ts";
import { O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY } from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { open } from "#host/kernel/syscalls.ts";
import type { BuildContext } from "./build-request.ts";

export interface OpenedContext {
  /** Undefined: there are no files. */
  readonly folder: ContextFolder | undefined;
  /** Of a context that is nothing but a Dockerfile. */
  readonly dockerfileText: string | undefined;
}

/** Bring a build's context onto this machine. `invalid-parameter` for what is none. */
export async function openContext(
  place: BuildPlace,
  context: BuildContext,
  dockerfileText: string | undefined,
  options: RemoteOptions,
): Promise<OpenedContext> {
  switch (context.kind) {
    case "none":
      return { folder: undefined, dockerfileText };
    case "folder":
      return { folder: { path: realPath(context.path), lasting: true }, dockerfileText };
    case "sent":
      return { folder: { path: context.path, lasting: false }, dockerfileText };
    case "archive":
      return { folder: { path: await place.receive("context", context.body), lasting: false }, dockerfileText };
    case "remote":
      return openRemote(place, context.url, dockerfileText, options);
  }
}

/** `conflict` when the client's folder of that name is not this machine's: then it has to be sent. */
export function checkFolder(path: string, identity: string): void {
  if (folderIdentity(path) === identity) return;
  throw new BerthError("conflict", `the folder ${path} is not on the engine's machine`);
}

async function openRemote(
  place: BuildPlace,
  url: string,
  dockerfileText: string | undefined,
  options: RemoteOptions,
): Promise<OpenedContext> {
  const isGit = isGitAddress(url);
  if (!isGit && !/^https?:\/\//.test(url))
    throw new BerthError("invalid-parameter", `remoteURL (${url}) could not be recognized as URL`);
  const opened = await place.remote(isGit ? "git" : "web", url, options).catch((error: unknown) => {
    if (!isBerthError(error) || !error.message.startsWith(`failed to download ${url}: `)) throw error;
    const why = error.message.replace("failed to download ", "");
    throw new BerthError(error.kind, `error downloading remote context ${why}`, { cause: error });
  });
  return opened.kind === "text"
    ? { folder: undefined, dockerfileText: dockerfileText ?? opened.text }
    : { folder: opened.folder, dockerfileText };
}

/** docker-compat: moby's builder/remotecontext/urlutil; ssh:// as buildx takes it. */
function isGitAddress(url: string): boolean {
  return (
    /^(git:\/\/|ssh:\/\/|github\.com\/|git@)/.test(url) || (/^https?:\/\//.test(url) && /\.git(?:#.+)?$/.test(url))
  );
}

/** Text of a file of a context, links followed inside it; undefined when there is none. */
export async function readContextFile(folder: ContextFolder, path: string): Promise<string | undefined> {
  const known = folder.known?.text(path);
  if (known !== undefined) return known ?? undefined;
  const text = textIn((await folder.fetch?.()) ?? folder.path, path);
  folder.known?.keepText(path, text ?? null);
  return text;
}

function textIn(folder: string, path: string): string | undefined {
  try {
    return withFd(open(folder, O_PATH | O_DIRECTORY), (rootFd) =>
      withFd(openInRoot(rootFd, path, O_RDONLY | O_NONBLOCK), (fd) =>
        new TextDecoder().decode(readAll(fd, MAX_DOCKERFILE_BYTES, path)),
      ),
    );
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    if (hasCode(error, "EISDIR"))
      throw new BerthError("invalid-parameter", `unexpected error reading Dockerfile: read ${path}: is a directory`, {
        cause: error,
      });
    throw error;
  }
}

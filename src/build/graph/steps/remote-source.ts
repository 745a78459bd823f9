import { isDigest } from "#base/digest.ts";
import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../../dockerfile/dockerfile-error.ts";
import { parseGitUrl, type GitUrl } from "../git-url.ts";
import { vertexOf, type StageContext } from "../stage-context.ts";
import type { StageState } from "../stage-state.ts";
import type { CopySource, Operation } from "../types.ts";
import type { CopyRequest } from "./copy-request.ts";

const UNNAMED = "__unnamed__";

/** A file by HTTP or a git repository; undefined for a path. COPY takes neither. */
export function remoteSource(
  state: StageState,
  request: CopyRequest,
  written: string,
  at: StageContext,
): CopySource | undefined {
  const { instruction } = request;
  const git = parseGitUrl(written);
  const isHttp = git === undefined && /^https?:\/\//.test(written);
  checkChecksum(request, git !== undefined || isHttp);
  if (git === undefined && !isHttp) return undefined;
  if (instruction.kind === "copy") throw wrong(`source can't be a ${isHttp ? "URL" : "git ref"} for COPY`, "use ADD");
  const operation = git === undefined ? httpSource(request, written) : gitSource(request, git);
  const from = at.writer.addSource(vertexOf(at, state, instruction, request.name, operation));
  if (operation.kind !== "http") return { type: "tree", from, path: "/", unpack: false, fileMode: undefined };
  const unpack = instruction.unpack ?? false;
  return { type: "tree", from, path: `/${operation.filename}`, unpack, fileMode: 0o600 };
}

function checkChecksum({ instruction, checksum, paths }: CopyRequest, isRemote: boolean): void {
  if (instruction.kind === "copy" || checksum === "") return;
  if (paths.length !== 1) throw wrong("checksum can't be specified for multiple sources");
  if (!isRemote) throw wrong("checksum requires HTTP(S) or Git sources");
}

function httpSource({ checksum }: CopyRequest, url: string): Operation & { readonly kind: "http" } {
  if (checksum !== "" && !isDigest(checksum)) throw wrongDigest(checksum);
  return { kind: "http", url, checksum: checksum === "" ? undefined : checksum, filename: fileNameOf(url) };
}

/** The last part of an address's path; a name of our own where that cannot be one. */
function fileNameOf(url: string): string {
  const last = URL.canParse(url) ? new URL(url).pathname.split("/").findLast((part) => part !== "") : undefined;
  if (last === undefined) return UNNAMED;
  const name = decoded(last);
  return name === "." || name === ".." || /[/\0]/.test(name) ? UNNAMED : name;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function gitSource({ instruction, checksum }: CopyRequest, git: GitUrl): Operation {
  const flag = instruction.kind === "add" ? instruction.keepGitDir : undefined;
  if (flag !== undefined && git.keepGitDirectory !== undefined && flag !== git.keepGitDirectory)
    throw wrong("inconsistent keep-git-dir configuration");
  if (checksum !== "" && git.checksum !== undefined && checksum !== git.checksum)
    throw wrong(`checksum mismatch ${quoteGo(checksum)} != ${quoteGo(git.checksum)}`);
  return {
    kind: "git",
    remote: git.remote,
    ref: git.ref,
    subdirectory: git.subdirectory,
    keepGitDirectory: git.keepGitDirectory ?? flag ?? false,
    checksum: git.checksum ?? (checksum === "" ? undefined : checksum),
    submodules: git.submodules ?? true,
  };
}

function wrongDigest(text: string): Error {
  const [, algorithm] = /^([a-z0-9]+):[0-9a-f]+$/.exec(text) ?? [];
  const reason =
    algorithm === undefined
      ? "invalid checksum digest format"
      : ["sha256", "sha384", "sha512"].includes(algorithm)
        ? "invalid checksum digest length"
        : "unsupported digest algorithm";
  return wrong(reason, "sha256: and 64 hexadecimal digits");
}

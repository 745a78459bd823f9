import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../dockerfile/dockerfile-error.ts";

/** A git repository as ADD, contexts and named contexts write it. Undefined: not said. */
export interface GitUrl {
  readonly remote: string;
  readonly ref: string;
  readonly subdirectory: string;
  readonly checksum: string | undefined;
  readonly keepGitDirectory: boolean | undefined;
  readonly submodules: boolean | undefined;
}

/**
 * `https://host/path.git#ref:folder`, `ssh://…`, `git://…`, `git@host:path`, with the query form `?ref=&subdir=…`. Undefined
 * for what is no git address; `invalid-parameter` for one whose query is wrong. Source: the Dockerfile reference, "Adding
 * files from a Git repository", and docs of `docker build`, "URL queries".
 */
export function parseGitUrl(text: string): GitUrl | undefined {
  const remote = splitRemote(text);
  if (remote === undefined) return undefined;
  const [ref = "", ...folder] = remote.fragment.split(":");
  const url: GitUrl = {
    remote: remote.base,
    ref,
    subdirectory: folder.join(":"),
    checksum: undefined,
    keepGitDirectory: undefined,
    submodules: undefined,
  };
  return withQuery(url, remote.query);
}

interface Remote {
  readonly base: string;
  readonly query: string;
  readonly fragment: string;
}

function splitRemote(text: string): Remote | undefined {
  const scheme = /^(https?|ssh|git):\/\//i.exec(text)?.[1]?.toLowerCase();
  const isScp = scheme === undefined && /^[a-zA-Z0-9-_]+@[^/:\s]+:[^\s]/.test(text);
  if (scheme === undefined && !isScp) return undefined;
  const [beforeFragment = "", ...fragment] = text.split("#");
  const [base = "", ...query] = isScp ? [beforeFragment] : beforeFragment.split("?");
  // Over HTTP anything can be fetched; the suffix alone says that it is a repository.
  if ((scheme === "http" || scheme === "https") && !/^[^/]*\/\/[^/]*\/.*\.git$/.test(base)) return undefined;
  return { base, query: query.join("?"), fragment: fragment.join("#") };
}

function withQuery(url: GitUrl, query: string): GitUrl {
  if (query === "") return url;
  const pairs = new URLSearchParams(query);
  let { ref, subdirectory, checksum, keepGitDirectory, submodules } = url;
  for (const key of new Set(pairs.keys())) {
    const values = pairs.getAll(key);
    const value = values[0] ?? "";
    if (values.length > 1) throw wrong(`query ${quoteGo(key)} has multiple values`);
    if (value === "" && key !== "submodules" && key !== "keep-git-dir")
      throw wrong(`query ${quoteGo(key)} has no value`);
    switch (key) {
      case "ref":
        ref = agreed("ref", ref, value);
        break;
      case "tag":
        if (pairs.has("branch")) throw wrong("branch conflicts with tag");
        ref = agreed("ref", ref, prefixed("refs/tags/", value));
        break;
      case "branch":
        ref = agreed("ref", ref, prefixed("refs/heads/", value));
        break;
      case "subdir":
        subdirectory = agreed("subdir", subdirectory, value);
        break;
      case "checksum":
      case "commit":
        checksum = value;
        break;
      case "keep-git-dir":
        keepGitDirectory = truth(key, value);
        break;
      case "submodules":
        submodules = truth(key, value);
        break;
      default:
        throw wrong(
          `unexpected query ${quoteGo(key)}`,
          "ref, tag, branch, subdir, checksum, keep-git-dir or submodules",
        );
    }
  }
  return { ...url, ref, subdirectory, checksum, keepGitDirectory, submodules };
}

function agreed(what: string, one: string, other: string): string {
  if (one !== "" && one !== other) throw wrong(`${what} conflicts: ${quoteGo(one)} vs ${quoteGo(other)}`);
  return other;
}

function prefixed(prefix: string, name: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}

function truth(key: string, value: string): boolean {
  if (/^(|1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw wrong(`invalid ${key} value: ${quoteGo(value)}`);
}

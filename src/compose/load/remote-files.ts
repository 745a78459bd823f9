/** A git repository, the branch, tag or commit of it, and the folder or file in it. */
export interface GitFile {
  readonly repository: string;
  readonly reference: string;
  readonly path: string;
}

/** `REPOSITORY[#REFERENCE][:PATH]`, where the repository is one that BuildKit would take for git; undefined for anything else. */
export function gitFile(address: string): GitFile | undefined {
  const hash = address.indexOf("#");
  const [url, fragment] = hash === -1 ? [address, ""] : [address.slice(0, hash), address.slice(hash + 1)];
  const isGit =
    /^(?:git|ssh):\/\/[^\s]+$/u.test(url) ||
    /^[\w.-]+@[\w.-]+:[^\s]+$/u.test(url) ||
    /^https?:\/\/[^\s]+\.git$/u.test(url) ||
    /^github\.com\/[^\s]+$/u.test(url);
  if (!isGit) return undefined;
  const [reference = "", ...path] = fragment.split(":");
  return {
    repository: url.startsWith("github.com/") ? `https://${url}` : url,
    reference: reference === "" ? "HEAD" : reference,
    path: path.join(":"),
  };
}

/** `REPOSITORY[:TAG|@DIGEST]` of `oci://…`. */
export const ociName = (address: string): string | undefined => /^oci:\/\/(.+)$/u.exec(address)?.[1];

/** Not a path of this machine: it is fetched first. */
export const isRemoteFile = (path: string): boolean => ociName(path) !== undefined || gitFile(path) !== undefined;

/** What a project is called that nobody named: its repository, or the folder in it. */
export function remoteName(address: string): string {
  const git = gitFile(address);
  const path =
    git === undefined ? (ociName(address) ?? "").replace(/@.*$/u, "").replace(/:[^/]*$/u, "") : git.repository;
  const folder = (git?.path ?? "").replace(/\/?[^/]*\.ya?ml$/u, "");
  return (
    (folder === "" ? path : folder)
      .replace(/\.git$/u, "")
      .split(/[/:]/u)
      .at(-1) ?? ""
  ).trim();
}

/** Reading goes on when this file has been fetched: who reads begins anew then. */
export class RemoteFileNeeded extends Error {
  readonly address: string;

  constructor(address: string) {
    super(`${address} has not been fetched`);
    this.address = address;
  }
}

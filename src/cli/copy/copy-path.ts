import { basename, dirname, normalize } from "node:path/posix";

/**
 * How `docker cp` reads paths. A trailing `/` asserts a directory, and `/.` means a directory's content; cleaning a path
 * loses both, so they are carried along by hand.
 */
export interface CopyArgument {
  /** "" for a path on this machine. */
  readonly container: string;
  readonly path: string;
}

/** `CONTAINER:PATH`; absolute and `./` paths are always local, whatever they contain. */
export function parseCopyArgument(text: string): CopyArgument {
  const colon = text.indexOf(":");
  if (text.startsWith("/") || colon < 0 || text.startsWith(".")) return { container: "", path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Something to copy, or the place it goes to. */
export interface CopyInfo {
  readonly path: string;
  readonly exists: boolean;
  readonly isDirectory: boolean;
  /** The name members have in the archive instead of the path's own. */
  readonly rebaseName: string;
}

const hasTrailingSlash = (path: string): boolean => path.endsWith("/");
/** The last part is `.`; so it is of "". */
const meansContent = (path: string): boolean => path === "" || /(^|\/)\.\/*$/.test(path);
const assertsDirectory = (path: string): boolean => hasTrailingSlash(path) || meansContent(path);

function clean(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, "") : normal;
}

/** `cleaned` with what `original` says by its end. */
function keepEnd(cleaned: string, original: string): string {
  let path = cleaned;
  if (!meansContent(path) && meansContent(original)) path = hasTrailingSlash(path) ? `${path}.` : `${path}/.`;
  if (!hasTrailingSlash(path) && hasTrailingSlash(original)) path += "/";
  return path;
}

/** A local path made absolute, its end kept. */
export function absoluteLocal(path: string, workingDirectory: string): string {
  return keepEnd(clean(path.startsWith("/") ? path : `${workingDirectory}/${path}`), path);
}

/** Directory and name; the name is `.` where the path means a directory's content. */
export function splitEntry(path: string): { readonly directory: string; readonly name: string } {
  const cleaned = meansContent(path) ? `${clean(path)}/.` : clean(path);
  return { directory: dirname(cleaned), name: cleaned === "/" ? "/" : basename(cleaned) };
}

/** Where a followed link leads, with the end of `path`, and the name its members keep when that changed. */
export function followedPath(path: string, target: string): { readonly path: string; readonly rebaseName: string } {
  let resolved = target;
  if (meansContent(path) && !meansContent(resolved)) resolved += "/.";
  if (hasTrailingSlash(path) && !hasTrailingSlash(resolved)) resolved += "/";
  const name = lastPart(path);
  return { path: resolved, rebaseName: name === lastPart(resolved) ? "" : name };
}

/** Go's filepath.Base. */
export function lastPart(path: string): string {
  if (path === "") return ".";
  const bare = path.replace(/\/+$/, "");
  return bare === "" ? "/" : bare.slice(bare.lastIndexOf("/") + 1);
}

export interface CopyPlan {
  /** The existing directory the archive is extracted into. */
  readonly directory: string;
  /** In members' names the first `from` becomes `to`; undefined leaves them alone. */
  readonly rename: { readonly from: string; readonly to: string } | undefined;
}

/** Where an archive of `source` must be extracted to become `destination`; docker's refusals as errors. */
export function planCopy(source: CopyInfo, destination: CopyInfo): CopyPlan {
  if (destination.exists && destination.isDirectory) return { directory: destination.path, rename: undefined };
  if (destination.exists && source.isDirectory) throw new Error("cannot copy directory");
  if (!destination.exists && !source.isDirectory && assertsDirectory(destination.path))
    throw new Error("no such directory");
  const { directory, name } = splitEntry(destination.path);
  const from = source.rebaseName === "" ? splitEntry(source.path).name : source.rebaseName;
  return { directory, rename: { from: from === "/" ? "" : from, to: name } };
}

/** A member's name by {@link CopyPlan.rename}; names are byte strings. */
export function renamed(name: string, rename: CopyPlan["rename"]): string {
  if (rename === undefined) return name;
  const [from, to] = [rename.from, rename.to].map((text) => Buffer.from(text).toString("latin1")) as [string, string];
  const at = name.indexOf(from);
  return at < 0 ? name : name.slice(0, at) + to + name.slice(at + from.length);
}

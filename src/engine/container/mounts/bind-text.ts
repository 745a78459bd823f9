import { cleanPath } from "#base/absolute-path.ts";
import { BerthError } from "#base/errors.ts";
import { MAX_ID, mountOwner, type MountOwner } from "./mount-owner.ts";

export interface BindText {
  /** Host path, volume name, or "" for an anonymous volume. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly copyUp: boolean;
  readonly owner: MountOwner | undefined;
  /** The options as written. */
  readonly mode: string;
}

const propagations: ReadonlySet<string> = new Set(["shared", "rshared", "slave", "rslave", "private", "rprivate"]);

const invalid = (text: string, why = ""): BerthError =>
  new BerthError("invalid-parameter", `invalid volume specification: '${text}'${why === "" ? "" : `: ${why}`}`);

/** Read `source:target[:options]` or `target` (`docker run -v`). `invalid-parameter` in Docker's words. */
export function parseBindText(text: string): BindText {
  const parts = text.split(":");
  if (parts.length > 3 || parts[0] === "") throw invalid(text);
  const [source, target, mode = ""] = parts.length === 1 ? ["", parts[0]] : parts;
  if (source === undefined || target === undefined || (target === "" && mode === "")) throw invalid(text);
  const type = source.startsWith("/") ? "bind" : "volume";
  const badMount = (why: string): BerthError => invalid(text, `invalid mount config for type "${type}": ${why}`);
  const options = parseMountMode(mode);
  if (target === "") throw badMount("field Target must not be empty");
  for (const path of [source, target]) if (path.includes("\0")) throw badMount(`stat ${path}: invalid argument`);
  if (!target.startsWith("/")) throw badMount(`invalid mount path: '${target}' mount path must be absolute`);
  if (cleanPath(target) === "/") throw badMount("invalid specification: destination can't be '/'");
  if (type === "bind" && !options.copyUp) throw badMount("field VolumeOptions must not be specified");
  if (type === "volume" && options.propagation !== "") throw badMount("field BindOptions must not be specified");
  return { source, target: cleanPath(target), mode, ...options };
}

export interface MountMode {
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly copyUp: boolean;
  readonly owner: MountOwner | undefined;
}

/** The options of `-v`, comma-separated, each kind at most once. `invalid-parameter` "invalid mode: X". */
export function parseMountMode(mode: string): MountMode {
  const kinds = new Map<string, string>();
  for (const word of mode === "" ? [] : mode.split(",")) {
    const kind = kindOf(word);
    if (kind === undefined || kinds.has(kind)) throw new BerthError("invalid-parameter", `invalid mode: ${mode}`);
    kinds.set(kind, word);
  }
  return {
    readOnly: kinds.get("access") === "ro",
    propagation: kinds.get("propagation") ?? "",
    copyUp: !kinds.has("copy"),
    owner: mountOwner(idIn(kinds.get("uid"), mode), idIn(kinds.get("gid"), mode)),
  };
}

/** `uid=1000`: beyond Docker, see docs/volumes.md. */
function idIn(word: string | undefined, mode: string): number | undefined {
  if (word === undefined) return undefined;
  const id = Number(word.slice("uid=".length));
  if (/^.id=\d{1,10}$/u.test(word) && id <= MAX_ID) return id;
  throw new BerthError("invalid-parameter", `invalid mode: ${mode}`);
}

/** docker-compat: labels do nothing where SELinux is off, consistency nothing on Linux. */
function kindOf(word: string): string | undefined {
  if (word === "ro" || word === "rw") return "access";
  if (propagations.has(word)) return "propagation";
  if (word === "nocopy") return "copy";
  if (word.startsWith("uid=") || word.startsWith("gid=")) return word.slice(0, 3);
  if (word === "z" || word === "Z") return "label";
  return word === "consistent" || word === "cached" || word === "delegated" ? "consistency" : undefined;
}

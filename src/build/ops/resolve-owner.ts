import { BerthError } from "#base/errors.ts";
import { OverlayReader } from "#runtime/user/overlay-reader.ts";
import type { Owner } from "../graph/types.ts";

const MAX_DATABASE_BYTES = 4 << 20;

/**
 * Who `--chown` means by the passwd and group files of the tree of these directories, topmost first. A user without a
 * group has the group of the same name or number, as in Docker. `invalid-parameter` for a name nobody has.
 */
export function resolveOwner(
  directories: readonly string[],
  owner: Owner,
): { readonly uid: number; readonly gid: number } {
  const [upperDir, ...lowerDirs] = directories;
  const read = (path: string): string => {
    if (upperDir === undefined) return "";
    return (
      new OverlayReader({ kind: "overlay", upperDir, lowerDirs, workDir: "" }).readText(path, MAX_DATABASE_BYTES) ?? ""
    );
  };
  const { user, group = user } = owner;
  const entry = typeof user === "string" ? lineOf(read("/etc/passwd"), user) : undefined;
  const uid = typeof user === "number" ? user : numberAt(entry, 2);
  if (uid === undefined)
    throw new BerthError(
      "invalid-parameter",
      `unable to convert uid/gid chown string to host mapping: can't find uid for user ${user}: no such user: ${user}`,
    );
  if (typeof group === "number") return { uid, gid: group };
  const own = owner.group === undefined ? numberAt(entry, 3) : undefined;
  const gid = own ?? numberAt(lineOf(read("/etc/group"), group), 2);
  if (gid === undefined)
    throw new BerthError(
      "invalid-parameter",
      `unable to convert uid/gid chown string to host mapping: can't find gid for group ${group}: no such group: ${group}`,
    );
  return { uid, gid };
}

function lineOf(text: string, name: string): readonly string[] | undefined {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .find(([first]) => first === name);
}

function numberAt(fields: readonly string[] | undefined, index: number): number | undefined {
  const field = fields?.[index];
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : undefined;
}

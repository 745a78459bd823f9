import { invalid } from "#base/errors.ts";
import type { ResolvedUser } from "./types.ts";

/** Reads a file of the container's root; undefined when it is missing. */
export type ReadRootFile = (path: string) => string | undefined;

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Of what is asked for by number, as with Docker. */
const MAX_ID = 2 ** 31 - 1;
/** Of what the files may say; the kernel takes the last number for none. */
const MAX_ENTRY_ID = 2 ** 32 - 2;

/**
 * Who `user[:group]` is in a container (Docker's `--user`, Dockerfile's USER), by the root's own /etc/passwd and
 * /etc/group (passwd(5), group(5)): names or numbers; numbers need no entry, and are never the name of one (CVE-2016-3697).
 * Without a group it is the user's own, and the groups that list the user are supplementary. `groupAdd`: `--group-add`.
 */
export function resolveUser(spec: string, groupAdd: readonly string[], read: ReadRootFile): ResolvedUser {
  const colon = spec.indexOf(":");
  const userPart = colon < 0 ? spec : spec.slice(0, colon);
  const groupPart = colon < 0 ? "" : spec.slice(colon + 1);
  const groups = parseGroup(read("/etc/group") ?? "");
  const entry = findUser(userPart, parsePasswd(read("/etc/passwd") ?? ""));
  const user = entry ?? { name: "", uid: numericUser(userPart), gid: 0, home: "/" };
  const gid = groupPart === "" ? user.gid : groupNumber(groupPart, groups, "unable to find group");
  const listed =
    groupPart === "" && user.name !== "" ? groups.filter(({ members }) => members.includes(user.name)) : [];
  const additional = [
    ...listed.map((group) => group.gid),
    ...groupAdd.map((name) => groupNumber(name, groups, "Unable to find group")),
  ];
  return {
    uid: user.uid,
    gid,
    additionalGids: [...new Set(additional)].filter((group) => group !== gid),
    home: user.home || "/",
  };
}

function findUser(part: string, entries: readonly PasswdEntry[]): PasswdEntry | undefined {
  if (part === "") return entries.find(({ uid }) => uid === 0);
  const number = decimal(part);
  return entries.find(({ name, uid }) => (number === undefined ? name === part : uid === number));
}

function numericUser(part: string): number {
  if (part === "") return 0;
  const uid = decimal(part);
  if (uid === undefined) throw invalid(`unable to find user ${part}: no matching entries in passwd file`);
  return inRange(uid);
}

function groupNumber(part: string, groups: readonly GroupEntry[], complaint: string): number {
  const number = decimal(part);
  if (number !== undefined) return inRange(number);
  const entry = groups.find(({ name }) => name === part);
  if (entry === undefined) throw invalid(`${complaint} ${part}: no matching entries in group file`);
  return entry.gid;
}

function inRange(id: number): number {
  if (id < 0 || id > MAX_ID) throw invalid("uids and gids must be in range 0-2147483647");
  return id;
}

const decimal = (text: string): number | undefined => (/^-?\d+$/.test(text) ? Number(text) : undefined);

const isEntryId = (text: string): boolean => /^\d+$/.test(text) && Number(text) <= MAX_ENTRY_ID;

function parsePasswd(text: string): readonly PasswdEntry[] {
  return records(text).map(([name = "", , uid, gid, , home = ""]) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
  }));
}

function parseGroup(text: string): readonly GroupEntry[] {
  return records(text).map(([name = "", , gid, members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(","),
  }));
}

/** Lines of colon-separated fields whose third is an id; others (comments, `+` of NIS) are no entries. */
function records(text: string): readonly string[][] {
  return text
    .split("\n")
    .map((line) => line.trim().split(":"))
    .filter(([name = "", , id = ""]) => name !== "" && !name.startsWith("#") && isEntryId(id));
}

import { invalid } from "#base/errors.ts";
import type { IdMapping, IdMappings } from "#spec/oci/runtime.ts";
import { readTextFileMaybe } from "../files/files.ts";

const maxFileBytes = 4 << 20;

/** The machine's texts that say who may have which ids: passwd(5), group(5), subuid(5), subgid(5). */
export interface IdFiles {
  readonly passwd: string;
  readonly group: string;
  readonly subuid: string;
  readonly subgid: string;
}

/** Who a user namespace of containers is made for. */
export interface RemappedIds extends IdMappings {
  /** By name, or the number where there is none. */
  readonly user: string;
  readonly group: string;
}

export function readIdFiles(): IdFiles {
  const text = (path: string): string => readTextFileMaybe(path, maxFileBytes) ?? "";
  return {
    passwd: text("/etc/passwd"),
    group: text("/etc/group"),
    subuid: text("/etc/subuid"),
    subgid: text("/etc/subgid"),
  };
}

/**
 * What `--userns-remap` names: `user[:group]`, each a name or a number, or `default` for dockremap. The ranges that
 * subuid(5) and subgid(5) give them follow one another from 0 on. `invalid-parameter` in Docker's words.
 */
export function remappedIds(setting: string, files: IdFiles): RemappedIds {
  const [userWord = "", groupWord, ...rest] = (setting === "default" ? "dockremap" : setting).split(":");
  if (userWord === "" || groupWord === "" || rest.length > 0)
    throw invalid(`invalid user:group specification for --userns-remap: ${JSON.stringify(setting)}`);
  const user = entryOf(files.passwd, userWord);
  if (user === undefined) {
    throw setting === "default"
      ? invalid('there is no user "dockremap": add it, with ranges in /etc/subuid and /etc/subgid, or name another')
      : invalid(`Error during ${JSON.stringify(userWord)} user lookup: no such user`);
  }
  const group = entryOf(files.group, groupWord ?? userWord) ?? (groupWord === undefined ? user : undefined);
  if (group === undefined) throw invalid(`Error during ${JSON.stringify(groupWord ?? "")} group lookup: no such group`);
  return {
    user: user.name,
    group: group.name,
    uid: rangesOf(files.subuid, user, "subuid"),
    gid: rangesOf(files.subgid, group, "subgid"),
  };
}

interface Entry {
  readonly name: string;
  readonly id: string;
}

/** passwd and group have name and id in the same columns. */
function entryOf(text: string, word: string): Entry | undefined {
  const entries = text.split("\n").map((line): Entry => {
    const [name = "", , id = ""] = line.split(":");
    return { name, id };
  });
  return entries.find(({ name }) => name === word) ?? entries.find(({ id, name }) => id === word && name !== "");
}

function rangesOf(text: string, { name, id }: Entry, file: "subuid" | "subgid"): readonly IdMapping[] {
  const ranges: IdMapping[] = [];
  let next = 0;
  for (const line of text.split("\n")) {
    const [owner = "", first = "", count = ""] = line.trim().split(":");
    if (owner === "" || (owner !== name && owner !== id)) continue;
    const [hostID, size] = [Number(first), Number(count)];
    if (!/^\d+$/u.test(first) || !/^\d+$/u.test(count) || size === 0 || hostID + size > 2 ** 32 - 1)
      throw invalid(`Can't create ID mappings: invalid range in /etc/${file}: ${line.trim()}`);
    ranges.push({ containerID: next, hostID, size });
    next += size;
  }
  if (ranges.length === 0)
    throw invalid(
      `Can't create ID mappings: no ${file} ranges found for ${file === "subuid" ? "user" : "group"} ${JSON.stringify(name)}`,
    );
  return ranges;
}

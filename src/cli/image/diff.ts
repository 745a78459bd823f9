import type { Handler } from "../command.ts";
import { memberPath, tarMembers, type TarMember } from "./tar-members.ts";

/** `image diff`: what differs between the files of two images: A(dded), C(hanged) and D(eleted), in order. */
export const diffImages: Handler = async ({ args, io, client }) => {
  const [first = "", second = ""] = args;
  const api = await client();
  const before = byPath(await tarMembers(await api.images.files(first, ""), { hash: true }));
  const after = byPath(await tarMembers(await api.images.files(second, ""), { hash: true }));
  for (const { letter, path } of differences(before, after)) io.stdout.write(`${letter} ${path}\n`);
  return 0;
};

export interface Difference {
  readonly letter: "A" | "C" | "D";
  readonly path: string;
}

/** By content, kind, mode and owner; times do not count. */
function differences(
  before: ReadonlyMap<string, TarMember>,
  after: ReadonlyMap<string, TarMember>,
): readonly Difference[] {
  const found: Difference[] = [];
  for (const [path, member] of before) {
    const other = after.get(path);
    if (other === undefined) found.push({ letter: "D", path });
    else if (fingerprint(member) !== fingerprint(other)) found.push({ letter: "C", path });
  }
  for (const path of after.keys()) if (!before.has(path)) found.push({ letter: "A", path });
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function byPath(members: readonly TarMember[]): ReadonlyMap<string, TarMember> {
  return new Map(members.map((member) => [memberPath(member.entry), member]));
}

function fingerprint({ entry, sha256 }: TarMember): string {
  const { type, mode, uid, gid, linkName, deviceMajor, deviceMinor, xattrs } = entry;
  const attributes = [...(xattrs ?? [])]
    .map(([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`)
    .toSorted();
  return JSON.stringify([type, mode, uid, gid, linkName, deviceMajor, deviceMinor, attributes, sha256]);
}

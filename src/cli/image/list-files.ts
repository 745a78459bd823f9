import type { TarEntry } from "#spec/tar/tar-reader.ts";
import type { Handler } from "../command.ts";
import { memberPath, tarMembers } from "./tar-members.ts";

const LETTERS = {
  file: "-",
  hardlink: "-",
  directory: "d",
  symlink: "l",
  character: "c",
  block: "b",
  fifo: "p",
} as const;

/** `image ls-files`: what is inside an image, a line a file, in order. */
export const listFiles: Handler = async ({ flags, args, io, client }) => {
  const [name = "", path = ""] = args;
  const above = path.replace(/\/+$/, "").replace(/\/[^/]*$/, "");
  const members = await tarMembers(await (await client()).images.files(name, path));
  const rows = members
    .map(({ entry }) => ({ entry, path: `${above}${memberPath(entry)}` }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const row of rows) io.stdout.write(`${flags.on("long") ? longLine(row.entry, row.path) : row.path}\n`);
  return 0;
};

function longLine(entry: TarEntry, path: string): string {
  const time = new Date(entry.mtime.seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
  const owner = `${entry.uid}:${entry.gid}`;
  const target = entry.type === "symlink" || entry.type === "hardlink" ? ` -> ${printable(entry.linkName)}` : "";
  return `${LETTERS[entry.type]}${permissions(entry.mode)} ${owner.padStart(11)} ${String(entry.size).padStart(11)} ${time} ${path}${target}`;
}

/** As ls(1) prints them, with set-id and sticky bits. */
function permissions(mode: number): string {
  const three = (bits: number, special: boolean, letter: string): string => {
    const x = (bits & 1) !== 0;
    const last = special ? (x ? letter : letter.toUpperCase()) : x ? "x" : "-";
    return `${(bits & 4) !== 0 ? "r" : "-"}${(bits & 2) !== 0 ? "w" : "-"}${last}`;
  };
  return (
    three(mode >> 6, (mode & 0o4000) !== 0, "s") +
    three(mode >> 3, (mode & 0o2000) !== 0, "s") +
    three(mode, (mode & 0o1000) !== 0, "t")
  );
}

function printable(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

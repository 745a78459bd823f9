import {
  MS_BIND,
  MS_NOATIME,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../kernel/linux.ts";

const MS_SYNCHRONOUS = 16;
const MS_MANDLOCK = 64;
const MS_DIRSYNC = 128;
const MS_NODIRATIME = 2048;
const MS_STRICTATIME = 1 << 24;

/** mount(8)'s words -> bits set and cleared, mount(2). */
const words: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  defaults: [0, 0],
  ro: [MS_RDONLY, 0],
  rw: [0, MS_RDONLY],
  suid: [0, MS_NOSUID],
  nosuid: [MS_NOSUID, 0],
  dev: [0, MS_NODEV],
  nodev: [MS_NODEV, 0],
  exec: [0, MS_NOEXEC],
  noexec: [MS_NOEXEC, 0],
  sync: [MS_SYNCHRONOUS, 0],
  async: [0, MS_SYNCHRONOUS],
  dirsync: [MS_DIRSYNC, 0],
  remount: [MS_REMOUNT, 0],
  mand: [MS_MANDLOCK, 0],
  nomand: [0, MS_MANDLOCK],
  atime: [0, MS_NOATIME],
  noatime: [MS_NOATIME, 0],
  diratime: [0, MS_NODIRATIME],
  nodiratime: [MS_NODIRATIME, 0],
  bind: [MS_BIND, 0],
  rbind: [MS_BIND | MS_REC, 0],
  relatime: [MS_RELATIME, 0],
  norelatime: [0, MS_RELATIME],
  strictatime: [MS_STRICTATIME, 0],
  nostrictatime: [0, MS_STRICTATIME],
  private: [MS_PRIVATE, 0],
  rprivate: [MS_PRIVATE | MS_REC, 0],
  shared: [MS_SHARED, 0],
  rshared: [MS_SHARED | MS_REC, 0],
  slave: [MS_SLAVE, 0],
  rslave: [MS_SLAVE | MS_REC, 0],
  unbindable: [MS_UNBINDABLE, 0],
  runbindable: [MS_UNBINDABLE | MS_REC, 0],
};

export interface MountWords {
  /** MS_*, mount(2); without propagation, which needs a call of its own. */
  readonly flags: number;
  readonly propagation: number;
  /** What goes to the file system. */
  readonly data: string;
}

const propagations = MS_PRIVATE | MS_SHARED | MS_SLAVE | MS_UNBINDABLE;

/** Comma-separated options of mount(8) as arguments of mount(2). */
export function parseMountWords(options: string): MountWords {
  let [flags, propagation] = [0, 0];
  const data: string[] = [];
  for (const option of options === "" ? [] : options.split(",")) {
    const word = Object.hasOwn(words, option) ? words[option] : undefined;
    if (word === undefined) data.push(option);
    else if ((word[0] & propagations) !== 0) [propagation] = word;
    else flags = (flags & ~word[1]) | word[0];
  }
  return { flags, propagation, data: data.join(",") };
}

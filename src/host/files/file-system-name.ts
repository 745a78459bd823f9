import { statfs } from "../kernel/syscalls.ts";

/** f_type of statfs(2), under the names Docker has for them. */
const names: Readonly<Record<number, string>> = {
  0xef53: "extfs",
  0x58465342: "xfs",
  0x9123683e: "btrfs",
  0x01021994: "tmpfs",
  0x794c7630: "overlayfs",
  0x2fc12fc1: "zfs",
  0xf2f52010: "f2fs",
  0x6969: "nfs",
  0x65735546: "fuse",
  0xca451a4e: "bcachefs",
};

/** Of the file system that `path` lies on; `<unknown>` for those without a name here. */
export function fileSystemName(path: string): string {
  return names[statfs(path).type >>> 0] ?? "<unknown>";
}

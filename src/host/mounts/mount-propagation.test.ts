import { expect, test } from "bun:test";
import { checkPropagation } from "./mount-propagation.ts";

const mountinfo = `22 1 8:1 / / rw shared:1 - ext4 /dev/sda rw
23 22 8:2 / /usr rw master:1 - ext4 /dev/sdb rw
24 22 8:3 / /tmp rw - tmpfs t rw
25 24 8:4 / /tmp rw shared:9 - tmpfs t rw
26 22 8:5 / /proc rw - proc p rw`;

const check = (source: string, mode: string): void => checkPropagation(source, mode, mountinfo);

test("shared and slave need a mount that has it", () => {
  for (const mode of ["shared", "rshared", "slave", "rslave", "", "rprivate"]) check("/etc", mode);
  for (const mode of ["slave", "rslave", "private"]) check("/usr/bin/env", mode);
  check("/tmp", "shared");
  expect(() => check("/usr", "rshared")).toThrow("path /usr is mounted on /usr but it is not a shared mount");
  expect(() => check("/proc/self", "rslave")).toThrow("is mounted on /proc but it is not a shared or slave mount");
});

import { expect, test } from "bun:test";
import { checkTmpfsOptions } from "./tmpfs-options.ts";

test("flags and a tmpfs' own options", () => {
  for (const options of ["", "size=1m,mode=1770,uid=1,gid=2,nr_inodes=5,nr_blocks=6,mpol=default", "rw,exec,noatime"])
    expect(() => checkTmpfsOptions(options)).not.toThrow();
});

for (const [options, message] of [
  ["ro,bogus", 'invalid tmpfs option ["bogus"]'],
  ["huge=never", 'invalid tmpfs option ["huge" "never"]'],
  ["size", 'invalid tmpfs option ["size"]'],
] as const)
  test(message, () => expect(() => checkTmpfsOptions(options)).toThrow(message));

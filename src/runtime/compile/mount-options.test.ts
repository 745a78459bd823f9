import { expect, test } from "bun:test";
import { mountAttr, propagation } from "#runtime/plan/ops.ts";
import { mountOptionNames, parseMountOptions } from "./mount-options.ts";

const parse = (...options: string[]) => parseMountOptions(options, "/x");

test("flags become attributes, the last one wins", () => {
  const { attrSet, attrClear } = parse("ro", "nosuid", "rw", "noexec", "exec");
  expect(attrSet).toBe(mountAttr.nosuid);
  expect(attrClear).toBe(mountAttr.readonly | mountAttr.noexec);
});

test("access times are one field", () => {
  expect(parse("noatime", "strictatime")).toMatchObject({
    attrSet: mountAttr.strictatime,
    attrClear: mountAttr.atimeMask,
  });
  expect(parse("noatime", "relatime")).toMatchObject({ attrSet: 0, attrClear: mountAttr.atimeMask });
});

test("recursive flags are kept apart", () => {
  expect(parse("rbind", "rro", "rnosuid", "ro")).toMatchObject({
    bind: "rbind",
    attrSet: mountAttr.readonly,
    attrSetTree: mountAttr.readonly | mountAttr.nosuid,
  });
});

test("propagation, idmap, copy-up and remount are recognised", () => {
  expect(parse("rslave", "idmap", "tmpcopyup", "remount")).toMatchObject({
    propagation: propagation.slave | propagation.recursive,
    idmap: "idmap",
    copyUp: true,
    remount: true,
    filesystem: [],
  });
});

test("everything unknown goes to the filesystem, defaults to nobody", () => {
  expect(parse("defaults", "size=64k", "mode=755", "sync", "hidepid=2").filesystem).toEqual([
    "size=64k",
    "mode=755",
    "sync",
    "hidepid=2",
  ]);
  expect(() => parse("a\0b")).toThrow("invalid option");
});

test("all option names of the specification are known", () => {
  const names =
    "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime " +
    "nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid " +
    "rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync " +
    "tmpcopyup unbindable idmap ridmap";
  for (const name of names.split(" ")) {
    expect([name, mountOptionNames.includes(name)]).toEqual([name, true]);
    expect([
      name,
      parse(name).filesystem.filter(
        (option) => !["async", "dirsync", "lazytime", "mand", "nolazytime", "nomand", "sync"].includes(option),
      ),
    ]).toEqual([name, []]);
  }
});

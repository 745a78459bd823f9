import { expect, test } from "bun:test";
import { decode } from "#spec/docker/schema.ts";
import { mount } from "#spec/docker/mount.ts";
import { validateMount } from "./validate-mount.ts";

const check = (value: object): string => validateMount(decode(mount, value));

const bind = { Type: "bind", Source: "/a", Target: "/b" };
const volume = { Type: "volume", Source: "vol", Target: "/b" };

const refusals: readonly (readonly [value: object, message: string])[] = [
  [{ ...bind, Target: "" }, 'invalid mount config for type "bind": field Target must not be empty'],
  [{ ...bind, Target: "b" }, "invalid mount path: 'b' mount path must be absolute"],
  [{ ...bind, Target: "/x/.." }, "invalid specification: destination can't be '/'"],
  [{ ...bind, Source: "/a\0b" }, 'invalid mount config for type "bind": stat /a\0b: invalid argument'],
  [{ ...volume, Target: "/a\0b" }, 'invalid mount config for type "volume": stat /a\0b: invalid argument'],
  [{ ...volume, Owner: { UID: 2 ** 32 - 1 } }, "invalid owner"],
  [{ Type: "tmpfs", Target: "/b", Owner: { GID: 1 } }, "field Owner must not be specified"],
  [{ ...bind, Source: "" }, "field Source must not be empty"],
  [{ ...bind, Source: "a" }, "invalid mount path: 'a' mount path must be absolute"],
  [{ ...bind, BindOptions: { Propagation: "bogus" } }, "invalid propagation mode: bogus"],
  [{ ...bind, VolumeOptions: {} }, "field VolumeOptions must not be specified"],
  [
    { ...bind, ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true } },
    "mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive",
  ],
  [{ ...volume, BindOptions: {} }, "field BindOptions must not be specified"],
  [{ ...volume, Source: "", ReadOnly: true }, "must not set ReadOnly mode when using anonymous volumes"],
  [{ ...volume, Source: "", VolumeOptions: { Subpath: "a" } }, "must not set Subpath when using anonymous volumes"],
  ...["/a", "..", "a/../../b"].map(
    (Subpath) =>
      [{ ...volume, VolumeOptions: { Subpath } }, "subpath must be a relative path within the volume"] as const,
  ),
  [{ Type: "tmpfs", Source: "x", Target: "/b" }, "field Source must not be specified"],
  [{ Type: "tmpfs", Target: "/b", TmpfsOptions: { Options: [["suid"]] } }, "invalid option: suid"],
  [{ Type: "image", Target: "/b" }, "field Source must not be empty"],
  [{ Type: "image", Source: "i", Target: "/b", VolumeOptions: {} }, "field VolumeOptions must not be specified"],
  ...["npipe", "cluster", "bogus", ""].map(
    (Type) => [{ ...bind, Type }, `invalid mount config for type "${Type}": mount type unknown`] as const,
  ),
];

for (const [value, message] of refusals)
  test(`refused: ${JSON.stringify(value)}`, () => expect(() => check(value)).toThrow(message));

test("the target is clean", () => {
  expect(check({ ...bind, Target: "/b//c/../d/" })).toBe("/b/d");
  expect(check({ ...volume, VolumeOptions: { Subpath: "a/../b/." } })).toBe("/b");
  expect(check({ Type: "tmpfs", Target: "/t", TmpfsOptions: { Options: [["exec"]] } })).toBe("/t");
});

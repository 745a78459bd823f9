import { describe, expect, test } from "bun:test";
import { resolveUser, type ReadRootFile } from "./resolve-user.ts";

const files: Readonly<Record<string, string>> = {
  "/etc/passwd":
    "root:x:0:0:root:/root:/bin/sh\n# note\napp:x:1000:1001::/home/app:/bin/sh\n\n+::::::\nbad:x:y:z::/:\n",
  "/etc/group": "root:x:0:\nwheel:x:10:root,app\nstaff:x:50:app\napp:x:1001:\n",
};
const read: ReadRootFile = (path) => files[path];
const none: ReadRootFile = () => undefined;

describe("resolveUser()", () => {
  test("is root with root's groups when nothing is asked for", () => {
    expect(resolveUser("", [], read)).toEqual({ uid: 0, gid: 0, additionalGids: [10], home: "/root" });
  });
  test("is 0:0 without a passwd file", () => {
    expect(resolveUser("", [], none)).toEqual({ uid: 0, gid: 0, additionalGids: [], home: "/" });
  });
  test("takes a name with its group and the groups that list it", () => {
    expect(resolveUser("app", [], read)).toEqual({ uid: 1000, gid: 1001, additionalGids: [10, 50], home: "/home/app" });
  });
  test("takes a number with an entry like the name", () => {
    expect(resolveUser("1000", [], read)).toEqual(resolveUser("app", [], read));
  });
  test("takes a number without an entry, group 0", () => {
    expect(resolveUser("4711", [], read)).toEqual({ uid: 4711, gid: 0, additionalGids: [], home: "/" });
  });
  test("a given group replaces the user's groups", () => {
    expect(resolveUser("app:staff", [], read)).toEqual({ uid: 1000, gid: 50, additionalGids: [], home: "/home/app" });
    expect(resolveUser("1000:77", [], read).gid).toBe(77);
    expect(resolveUser(":staff", [], read)).toEqual({ uid: 0, gid: 50, additionalGids: [], home: "/root" });
  });
  test("never takes a number for a name", () => {
    const trap: ReadRootFile = (path) => (path === "/etc/passwd" ? "1000:x:0:0::/:/bin/sh\n" : "2000:x:0:\n");
    expect(resolveUser("1000:2000", ["2000"], trap)).toMatchObject({ uid: 1000, gid: 2000, additionalGids: [] });
    expect(resolveUser("1000", ["2000"], trap)).toMatchObject({ uid: 1000, gid: 0, additionalGids: [2000] });
  });
  test("knows no entry whose number is none", () => {
    const huge: ReadRootFile = () => "huge:x:4294967296:4294967296::/:\nlast:x:4294967294:0::/:\n";
    for (const user of ["huge", "4294967296", "root:huge", "0:4294967296"])
      expect(() => resolveUser(user, [], huge)).toThrow(/unable to find|must be in range/);
    expect(resolveUser("last", [], huge).uid).toBe(4294967294);
  });
  test("adds groups by name and number, once each", () => {
    expect(resolveUser("app", ["staff", "50", "99"], read).additionalGids).toEqual([10, 50, 99]);
  });
  test("names what is missing", () => {
    expect(() => resolveUser("nobody", [], read)).toThrow(
      "unable to find user nobody: no matching entries in passwd file",
    );
    expect(() => resolveUser("app:nope", [], read)).toThrow(
      "unable to find group nope: no matching entries in group file",
    );
    expect(() => resolveUser("app", ["nope"], read)).toThrow(
      "Unable to find group nope: no matching entries in group file",
    );
    expect(() => resolveUser("2147483648", [], read)).toThrow("uids and gids must be in range 0-2147483647");
  });
});

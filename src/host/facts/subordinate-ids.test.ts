import { expect, test } from "bun:test";
import { remappedIds, type IdFiles } from "./subordinate-ids.ts";

const files: IdFiles = {
  passwd: "root:x:0:0::/:/bin/sh\nann:x:1000:1001::/:/bin/sh\ndockremap:x:90:90::/:/bin/false\nbob:x:5:5::/:/\n",
  group: "root:x:0:\nann:x:1001:\nstaff:x:50:ann\ndockremap:x:90:\nbob:x:5:\n",
  subuid: "ann:100000:65536\n# no range\nann:300000:10\n90:200000:5\nbob:x:1\n",
  subgid: "ann:100000:65536\nstaff:400000:7\ndockremap:200000:5\nbob:1:1\n",
};
const one = (hostID: number, size: number) => [{ containerID: 0, hostID, size }];

test.each([
  ["ann", "ann", "ann", [...one(100000, 65536), { containerID: 65536, hostID: 300000, size: 10 }], one(100000, 65536)],
  ["1000:staff", "ann", "staff", undefined, one(400000, 7)],
  ["ann:50", "ann", "staff", undefined, one(400000, 7)],
  ["default", "dockremap", "dockremap", one(200000, 5), one(200000, 5)],
])("%s", (setting, user, group, uid, gid) => {
  const ids = remappedIds(setting, files);
  expect([ids.user, ids.group, ids.gid]).toEqual([user, group, gid]);
  if (uid !== undefined) expect(ids.uid).toEqual(uid);
});

test.each([
  ["", 'invalid user:group specification for --userns-remap: ""'],
  ["a:b:c", "invalid user:group specification"],
  ["eve", 'Error during "eve" user lookup: no such user'],
  ["ann:eve", 'Error during "eve" group lookup: no such group'],
  ["root", 'Can\'t create ID mappings: no subuid ranges found for user "root"'],
  ["bob", "Can't create ID mappings: invalid range in /etc/subuid: bob:x:1"],
])("%p is refused", (setting, why) => {
  expect(() => remappedIds(setting, files)).toThrow(why);
});

test("without dockremap the default says what to do", () => {
  expect(() => remappedIds("default", { ...files, passwd: "" })).toThrow('there is no user "dockremap": add it');
});

import { expect, test } from "bun:test";
import { constants } from "node:os";
import { readFileSync } from "node:fs";

import { errnoName, errnoText, hasCode, SyscallError } from "./errno.ts";

test("names agree with the system's", () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    if (!["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"].includes(name))
      expect([name, errnoName(number)]).toEqual([name, name]);
  }
  expect(errnoName(999)).toBe("E999");
  expect(errnoText(2)).toBe("no such file or directory");
  expect(errnoText(95)).toBe("operation not supported");
});

test("a syscall error says what failed on what", () => {
  const error = new SyscallError("openat2", 2, "/x");
  expect(error).toMatchObject({
    message: "openat2 /x: no such file or directory",
    code: "ENOENT",
    errno: 2,
    kind: "internal",
  });
  expect(new SyscallError("write", 28).kind).toBe("resource-exhausted");
  expect(hasCode(error, "EEXIST", "ENOENT")).toBe(true);
  expect(hasCode(error, "EEXIST")).toBe(false);
  try {
    readFileSync("/no/such/file");
  } catch (nodeError) {
    expect(hasCode(nodeError, "ENOENT")).toBe(true);
  }
  expect(hasCode("ENOENT", "ENOENT")).toBe(false);
});

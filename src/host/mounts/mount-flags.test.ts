import { expect, test } from "bun:test";
import { MS_BIND, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC } from "../kernel/linux.ts";
import { parseMountWords } from "./mount-flags.ts";

test("flags, propagation and the file system's own options", () => {
  expect(parseMountWords("ro,nosuid,size=1m,rw,addr=192.0.2.1")).toEqual({
    flags: MS_NOSUID,
    propagation: 0,
    data: "size=1m,addr=192.0.2.1",
  });
  expect(parseMountWords("rbind,ro,rprivate")).toEqual({
    flags: MS_BIND | MS_REC | MS_RDONLY,
    propagation: MS_PRIVATE | MS_REC,
    data: "",
  });
  expect(parseMountWords("constructor")).toEqual({ flags: 0, propagation: 0, data: "constructor" });
});

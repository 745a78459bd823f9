import { expect, test } from "bun:test";
import { mappedIds, mappedIdsOf, parseRanges } from "./mapped-ids.ts";

test("owners are seen through the ranges; who is not there is nobody", () => {
  const ids = mappedIds(
    parseRanges("         0     100000      65536\n     65536     300000         10\n"),
    parseRanges("0 200000 5\n"),
  );
  expect(ids.outward({ uid: 0, gid: 4 })).toEqual({ uid: 100000, gid: 200004 });
  expect(ids.outward({ uid: 65540, gid: 0 })).toEqual({ uid: 300004, gid: 200000 });
  expect(() => ids.outward({ uid: 70000, gid: 0 })).toThrow("Container ID 70000 cannot be mapped to a host ID");
  expect(ids.inward({ uid: 165534, gid: 200004 })).toEqual({ uid: 65534, gid: 4 });
  expect(ids.inward({ uid: 0, gid: 0 })).toEqual({ uid: 65534, gid: 65534 });
});

test("a process of our own namespace, or none, has no others", () => {
  expect(mappedIdsOf(process.pid)).toBeUndefined();
  expect(mappedIdsOf(2 ** 22 + 1)).toBeUndefined();
});

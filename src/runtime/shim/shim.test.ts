import { describe, expect, test } from "bun:test";

import { parseState, stateBytes } from "./state.ts";

function stateOf(phase: number): Uint8Array {
  const bytes = Buffer.alloc(stateBytes);
  [0x31535442, phase, 0, 1234, 99, 0xffffffff, 2, 137, 9, 1].forEach((value, index) =>
    bytes.writeUInt32LE(value, index * 4),
  );
  [5n, 6n, 7n].forEach((value, index) => bytes.writeBigUInt64LE(value, 40 + index * 8));
  bytes.write("mount /proc", 64);
  return bytes;
}

describe("state", () => {
  test("is read field by field", () => {
    expect(parseState(stateOf(5))).toEqual({
      phase: "failed",
      point: 0,
      pid: 1234,
      monitorPid: 99,
      startTicks: 5n,
      startedAtNs: 6n,
      exit: { exitCode: 137, signal: 9, oomKilled: true, finishedAtNs: 7n },
      failure: { step: -1, errno: 2, what: "mount /proc" },
    });
  });

  test("of another length, magic or phase is refused", () => {
    const magic = stateOf(4);
    magic[0] = 0;
    for (const bytes of [new Uint8Array(), stateOf(4).subarray(1), stateOf(0), stateOf(6), magic]) {
      expect(() => parseState(bytes)).toThrow("not readable");
    }
  });
});

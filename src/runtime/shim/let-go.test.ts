/** Whether a process was let go, where the monitor that was asked cannot say so any more. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ShimProcess } from "./process.ts";
import { stateBytes } from "./state.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-let-go-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const launching = 1;
const exited = 4;

function stateOf(phase: number, startedNs: bigint): Buffer {
  const bytes = Buffer.alloc(stateBytes);
  [0x31535442, phase, 0, 1234, 99].forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  bytes.writeBigUInt64LE(startedNs, 48);
  return bytes;
}

/** A monitor that goes away without an answer as soon as it is asked to let its process go, and leaves `status`. */
async function letGo(status: Uint8Array): Promise<{ readonly startedAtNs: bigint }> {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(1, 0);
  head.writeUInt32LE(stateBytes, 4);
  const monitor = Bun.listen({
    unix: join(dir, "control.sock"),
    socket: {
      open: (socket) => void socket.write(Buffer.concat([head, stateOf(launching, 0n)])),
      data: (socket) => {
        writeFileSync(join(dir, "status"), status);
        socket.terminate();
      },
    },
  });
  try {
    const process = await ShimProcess.connect(dir);
    if (process === undefined) throw new Error("nobody listens");
    return await process.go();
  } finally {
    monitor.stop(true);
  }
}

test("a process that has run to its end was let go, though the answer was lost with its monitor", async () => {
  expect(await letGo(stateOf(exited, 6n))).toEqual({ startedAtNs: 6n });
});

test("one that never started was not", async () => {
  await expect(letGo(stateOf(exited, 0n))).rejects.toThrow("before it was ready");
});

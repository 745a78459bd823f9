import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NativeShimLauncher } from "./launcher.ts";
import { stateBytes } from "./state.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-recover-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const launcher = new NativeShimLauncher({ shimPath: () => "/nonexistent" });

test("a status that nobody can read is none", async () => {
  for (const bytes of [new Uint8Array(stateBytes), new Uint8Array(stateBytes + 1).fill(7)]) {
    writeFileSync(join(dir, "status"), bytes);
    expect(await launcher.recover(dir)).toEqual({ state: "lost" });
  }
});

test("a monitor that speaks another language is lost, and nobody waits for it", async () => {
  const state = Buffer.alloc(8 + stateBytes);
  state.writeUInt32LE(1, 0);
  state.writeUInt32LE(stateBytes, 4);
  const monitor = Bun.listen({
    unix: join(dir, "control.sock"),
    socket: { open: (socket) => void socket.write(state), data() {} },
  });
  try {
    expect(await launcher.recover(dir)).toEqual({ state: "lost" });
  } finally {
    monitor.stop(true);
  }
});

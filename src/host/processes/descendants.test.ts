import { expect, test } from "bun:test";

import { descendants, killBelow } from "./descendants.ts";
import { spawnProcess } from "./process.ts";

test("all that a process has started is found and killed, itself is not", async () => {
  const shell = spawnProcess({
    file: "/bin/sh",
    args: ["-c", "sh -c 'sleep 100 & wait' & sleep 100 & wait; wait; exit 7"],
    env: { PATH: "/usr/bin:/bin" },
  });
  while (descendants(shell.pid).length < 3) await Bun.sleep(5);
  killBelow(shell.pid);
  expect(await shell.exited).toEqual({ exitCode: 7, signal: undefined });
  expect(descendants(shell.pid)).toEqual([]);
});

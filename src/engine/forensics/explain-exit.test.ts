import { expect, test } from "bun:test";
import { explainExit, type KnownEnd } from "./explain-exit.ts";

const second = 1_000_000_000n;
const explain = (end: Partial<KnownEnd>): string => {
  const { Cause, Reason } = explainExit({
    exitCode: 0,
    signal: 0,
    oomKilled: false,
    lost: false,
    stoppedBy: undefined,
    memory: undefined,
    ...end,
  });
  return `${Cause}: ${Reason}`;
};
const by = (name: string, signal: number, beforeEndNs = second): Partial<KnownEnd> => ({
  stoppedBy: { by: name, signal, beforeEndNs },
});

test("codes and signals with their meaning", () => {
  expect(explain({})).toBe("self: it exited with code 0 (success)");
  expect(explain({ exitCode: 3 })).toBe("self: it exited with code 3");
  expect(explain({ exitCode: 127 })).toBe("self: it exited with code 127 (the command was not found)");
  expect(explain({ exitCode: 143 })).toBe(
    "self: it exited with code 143 (as shells report the end of a command by SIGTERM)",
  );
  expect(explain({ exitCode: 139, signal: 11 })).toBe(
    "self: it was ended by SIGSEGV (it used memory that is not its own)",
  );
  expect(explain({ exitCode: 137, signal: 9 })).toBe(
    "self: it was ended by SIGKILL, which neither this engine nor the kernel's memory limit sent",
  );
  expect(explain({ exitCode: 162, signal: 34 })).toBe("self: it was ended by SIGRTMIN+0");
});

test("who asked for it", () => {
  expect(explain({ exitCode: 143, signal: 15, ...by("stop", 15, 1_234_567_890n) })).toBe(
    "request: it was ended by SIGTERM (it was asked to end), 1.234s after SIGTERM: a person stopped it",
  );
  expect(explain({ exitCode: 0, ...by("shutdown", 15) })).toBe(
    "request: it exited with code 0 (success), 1s after SIGTERM: the engine was going down",
  );
  // The clock may have been set between the two.
  expect(explain({ exitCode: 1, ...by("remove", 9, -5n) })).toContain(
    ", 0s after SIGKILL: a person removed it by force",
  );
});

test("a signal by kill is the cause only if it can be", () => {
  expect(explain({ exitCode: 1, ...by("kill", 1, 60n * second) })).toBe(
    "self: it exited with code 1 (a general error)",
  );
  expect(explain({ exitCode: 1, ...by("kill", 1, second) })).toStartWith("request: ");
  expect(explain({ exitCode: 129, signal: 1, ...by("kill", 1, 60n * second) })).toStartWith("request: ");
  expect(explain({ exitCode: 129, ...by("kill", 1, 60n * second) })).toStartWith("request: ");
});

test("out of memory goes before everything, when that is what ended it", () => {
  const Killed = [{ Pid: 7, Name: "java", ResidentBytes: 3 << 20, At: "" }];
  const memory = { LimitBytes: 4 << 20, PeakBytes: 4 << 20, Killed };
  expect(explain({ exitCode: 137, signal: 9, oomKilled: true, memory })).toBe(
    'oom: it was ended by SIGKILL: its 4MiB of memory ran out and the kernel killed "java" (pid 7, 3MiB resident)',
  );
  expect(explain({ exitCode: 137, oomKilled: true, memory: undefined })).toContain(
    ": memory ran out and the kernel killed a process",
  );
  expect(explain({ exitCode: 0, oomKilled: true, memory })).toStartWith(
    "self: it exited with code 0 (success), after its 4MiB of memory ran out",
  );
});

test("nobody saw it", () => {
  expect(explain({ exitCode: 255, lost: true })).toStartWith("lost: nobody saw its end");
});

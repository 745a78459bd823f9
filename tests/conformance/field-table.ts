import { expect, test } from "bun:test";
import type { Target } from "./target.ts";

/** One field of create: the flags, what inspect tells of it, and what the container sees of it. */
export interface FieldRow {
  readonly name: string;
  readonly flags: readonly string[];
  /** Go template and what it prints. */
  readonly inspect?: readonly [template: string, prints: string | RegExp];
  /** Shell line in busybox, and what it prints; without one nothing is started. */
  readonly line?: string;
  readonly prints?: string | RegExp;
  /** Exit code of the container; 0 when left out. */
  readonly code?: number;
}

/** What is refused, by create or by start, in words that every version of Docker has in common. */
export interface RefusalRow {
  readonly name: string;
  readonly flags: readonly string[];
  readonly says: string | RegExp;
  /** Of the client; 125 when left out. */
  readonly code?: number;
}

/** Create with the flags, inspect, run. */
export function fieldTable(target: () => Target, rows: readonly FieldRow[]): void {
  for (const { name, flags, inspect, line, prints = "", code = 0 } of rows) {
    test(name, async () => {
      const engine = target();
      await engine.ok(["create", "--name", "field", ...flags, "busybox", "sh", "-c", line ?? "true"]);
      if (inspect !== undefined) matches(await engine.ok(["inspect", "-f", inspect[0], "field"]), inspect[1]);
      if (line !== undefined) {
        const result = await engine.run(["start", "-a", "field"]);
        expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: "" });
        matches(result.stdout, prints);
      }
      await engine.ok(["rm", "-v", "field"]);
    });
  }
}

export function refusalTable(target: () => Target, rows: readonly RefusalRow[]): void {
  for (const { name, flags, says, code = 125 } of rows) {
    test(`refused: ${name}`, async () => {
      const result = await target().run(["run", "--rm", ...flags, "busybox", "true"]);
      expect(result.code).toBe(code);
      matches(result.stderr, typeof says === "string" ? new RegExp(escaped(says)) : says);
    });
  }
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&");

function matches(actual: string, wanted: string | RegExp): void {
  if (typeof wanted === "string") expect(actual).toBe(wanted);
  else expect(actual).toMatch(wanted);
}

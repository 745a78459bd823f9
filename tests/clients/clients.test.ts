/**
 * Other people's clients, the same flows on both engines: what passes on dockerd passes on ours.
 *
 * CLIENT_CASE=TEXT runs only the cases whose name has it; CLIENT_TRACE=1 prints their failures in full.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { clientPrograms, openClientSides, type CaseLine, type ClientSide } from "./lab.ts";

setDefaultTimeout(200_000);

let lab: { readonly sides: readonly ClientSide[]; close(): Promise<void> } | undefined;

beforeAll(async () => {
  lab = await openClientSides(["dockerd", "berth"]);
}, 600_000);

afterAll(async () => {
  await lab?.close();
}, 180_000);

/** What the engine says by name that it cannot do: the case waits for that, and is told of. */
const notThereYet = (line: CaseLine): boolean => line.error.includes("not supported by this engine yet");

/** Cases that pass on dockerd and not on ours, each with its reason. */
const differs: Readonly<Record<string, string>> = {};

const failures = (lines: readonly CaseLine[]): string[] =>
  lines.filter((line) => !line.ok).map((line) => `${line.case}: ${line.error}`);

for (const program of clientPrograms) {
  describe(program.name, () => {
    let reference: readonly CaseLine[] = [];
    let ours: readonly CaseLine[] = [];

    beforeAll(async () => {
      [reference = [], ours = []] = await Promise.all((lab?.sides ?? []).map((side) => side.run(program)));
    }, 600_000);

    test("every case passes on dockerd", () => {
      expect(reference.length).toBeGreaterThan(0);
      expect(failures(reference)).toEqual([]);
    });

    test("and on berth", () => {
      expect(ours.map((line) => line.case)).toEqual(reference.map((line) => line.case));
      expect(failures(ours.filter((line) => !notThereYet(line) && differs[line.case] === undefined))).toEqual([]);
      // A difference that is gone is to be taken off the table.
      expect(ours.filter((line) => line.ok && differs[line.case] !== undefined)).toEqual([]);
      const waiting = ours.filter(notThereYet);
      for (const line of waiting) console.log(`  not there yet: ${line.case} (${line.error})`);
      expect(ours.length - waiting.length).toBeGreaterThan(0);
    });
  });
}

import { describe, expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";
import { eventsSince } from "./events.ts";

/** Restart policies: how often, how soon, and what ends them. */
export function restartCases(target: () => Target): void {
  const state = async (name: string): Promise<string> =>
    (await target().ok(["inspect", "-f", "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}", name])).trim();
  const becomes = (name: string, wanted: string | RegExp): Promise<string> =>
    eventually(`${name} is ${String(wanted)}`, async () => {
      const now = await state(name);
      return (typeof wanted === "string" ? now === wanted : wanted.test(now)) ? now : undefined;
    });
  /** Answers every signal by leaving, with 7. */
  const trapping = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const script = "trap 'exit 7' HUP TERM QUIT USR1; echo up; while :; do sleep 0.05; done";
    await target().ok(["run", "-d", "--name", name, "--restart", "always", ...flags, "busybox", "sh", "-c", script]);
    await eventually("up", async () => ((await target().ok(["logs", name])).includes("up") ? true : undefined));
  };

  describe("restart", () => {
    test("on-failure:3 is tried three times more, with longer and longer pauses", async () => {
      const from = String(Date.now() / 1000);
      await target().ok(["run", "-d", "--name", "fails", "--restart", "on-failure:3", "busybox", "sh", "-c", "exit 3"]);
      await becomes("fails", "3 exited 3");
      // The last end is told when all that it had is gone.
      const events = await eventually("four ends", async () => {
        const told = await eventsSince(target(), from, "type=container");
        return told.filter(({ Action }) => Action === "die").length < 4 ? undefined : told;
      });
      const life = events.map(({ Action }) => Action);
      expect(life).toEqual([
        "create",
        ...["start", "die"],
        ...["start", "die"],
        ...["start", "die"],
        ...["start", "die"],
      ]);
      const pauses = [2, 4, 6].map(
        (died) => Number(BigInt(events[died + 1]?.timeNano ?? 0) - BigInt(events[died]?.timeNano ?? 0)) / 1e6,
      );
      for (const [index, least] of [100, 200, 400].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least);
      await target().ok(["start", "fails"]);
      await becomes("fails", "3 exited 3");
    });

    test("on-failure leaves a success alone, always does not", async () => {
      await target().ok(["run", "-d", "--name", "done", "--restart", "on-failure", "busybox", "true"]);
      await becomes("done", "0 exited 0");
      await target().ok(["run", "-d", "--name", "again", "--restart", "always", "busybox", "true"]);
      await becomes("again", /^[2-9] /);
      await target().ok(["stop", "again"]);
      expect(await state("again")).toMatch(/^[2-9] exited 0$/);
      const stopped = await state("again");
      await Bun.sleep(1500);
      expect(await state("again")).toBe(stopped);
      await target().ok(["start", "again"]);
      await becomes("again", /^[1-9] /);
    });

    test("between two runs it is restarting", async () => {
      await target().ok(["run", "-d", "--name", "between", "--restart", "always", "busybox", "sh", "-c", "exit 4"]);
      await becomes("between", /^[2-9] restarting 4$/);
      const ps = await target().ok([
        "ps",
        "--filter",
        "status=restarting",
        "--format",
        "{{.Names}} {{.State}} {{.Status}}",
      ]);
      if (ps !== "") expect(ps).toMatch(/^between restarting Restarting \(4\) /);
      await target().ok(["rm", "-f", "between"]);
    });

    test("a signal by a person ends it for good", async () => {
      for (const [name, signal] of [
        ["by-kill", "KILL"],
        ["by-term", "TERM"],
        ["by-hup", "HUP"],
        ["by-usr1", "USR1"],
      ] as const) {
        await trapping(name);
        await target().ok(["kill", "-s", signal, name]);
        await becomes(name, signal === "KILL" ? "0 exited 137" : "0 exited 7");
      }
      await Bun.sleep(800);
      for (const name of ["by-kill", "by-term", "by-hup", "by-usr1"]) expect(await state(name)).toMatch(/^0 exited /);
    });

    test("with a stop signal of its own, only that one does", async () => {
      await trapping("own", "--stop-signal", "QUIT");
      await target().ok(["kill", "-s", "HUP", "own"]);
      await becomes("own", "1 running 0");
      await eventually("up", async () =>
        (await target().ok(["logs", "own"])).split("up").length > 2 ? true : undefined,
      );
      await target().ok(["kill", "-s", "QUIT", "own"]);
      await becomes("own", "1 exited 7");
      await Bun.sleep(800);
      expect(await state("own")).toBe("1 exited 7");
    });
  });
}

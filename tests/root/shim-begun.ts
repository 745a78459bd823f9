/** Shims that were begun and have no plan yet. */
import { existsSync, readlinkSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import { descendants } from "#host/processes/descendants.ts";
import type { Plan, Step } from "#runtime/plan/ops.ts";
import type { LaunchRequest } from "#runtime/types.ts";
import { expect } from "bun:test";
import { eventually } from "../../tools/lab/command.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { shimPath, type ShimFixture } from "./shim-fixture.ts";

export const missingRoot: Step = { op: "root_bind", source: "/not/on/this/host", attrSet: 0, target: "" };

export const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => messageOf(error),
  );

/** A shim that was begun and is in a network namespace of its own. */
export async function begunWithNetwork(fixture: ShimFixture, more: Partial<LaunchRequest> & { readonly plan: Plan }) {
  const request = fixture.request(more.plan, more);
  const known = descendants(process.pid);
  const begun = fixture.launcher.begin(request);
  const [shim = 0] = descendants(process.pid).filter((pid) => !known.includes(pid));
  begun.makeNetwork();
  const made = await eventually("a network namespace", () => (networkOf(shim) === host ? undefined : networkOf(shim)));
  return { request, begun, shim, made };
}

export const goneOf = (pid: number): Promise<true> =>
  eventually(`the end of process ${pid}`, () => (existsSync(`/proc/${pid}/exe`) ? undefined : true));
export const networkOf = (pid: number): string => readlinkSync(`/proc/${pid}/ns/net`);
export const host = networkOf(process.pid);

/** A shim that another process began, and did something with, does not outlive that one, whose end comes by SIGKILL. */
export async function killedWith(
  fixture: ShimFixture,
  act: string,
  isThere: (shim: number, dir: string) => boolean,
): Promise<void> {
  const { id, dir } = fixture.request(fixture.plan(["true"]));
  const script = `
    import { writeFileSync } from "node:fs";
    import { runBeside } from "#host/kernel/operations-beside.ts";
    import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
    const [id, dir, path] = process.argv.slice(1);
    const begun = new NativeShimLauncher({ shimPath: () => path }).begin({ id, dir });
    ${act}
    setInterval(() => {}, 1000);
  `;
  const child = Bun.spawn([process.execPath, "-e", script, id, dir, shimPath], {
    cwd: projectDir,
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    const shim = await eventually("its shim at that point", () =>
      descendants(child.pid).find((pid) => isThere(pid, dir)),
    );
    child.kill("SIGKILL");
    await child.exited;
    await goneOf(shim);
    expect(await fixture.launcher.recover(dir)).toEqual({ state: "lost" });
  } finally {
    child.kill("SIGKILL");
  }
}

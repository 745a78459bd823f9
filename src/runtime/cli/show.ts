import { BerthError } from "#base/errors.ts";
import { exists, writeFileAtomic } from "#host/files/files.ts";
import { runCommand } from "#host/processes/process.ts";
import type { OciState, RuntimeSpec } from "#spec/oci/runtime.ts";
import { currentState, statusOf, type StoredContainer } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { exampleSpec, rootlessSpec } from "./documents.ts";

export function printJson({ io }: Pick<RuntimeContext, "io">, value: unknown): number {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
  return 0;
}

/** What `state` and `list` show: the OCI state, `paused`, and what runc has beside it. */
function shownState(
  { cgroups }: RuntimeContext,
  container: StoredContainer,
): Omit<OciState, "status"> & {
  readonly status: string;
  readonly rootfs: string;
  readonly created: string;
  readonly owner: string;
} {
  const paused = statusOf(container) === "running" && cgroups.open(container.cgroupPath).isFrozen();
  const { rootfs, created } = container;
  return { ...currentState(container), ...(paused ? { status: "paused" } : {}), rootfs, created, owner: "" };
}

export function showState(context: RuntimeContext, id: string): number {
  return printJson(context, shownState(context, context.store.load(id)));
}

export function showList(context: RuntimeContext, { format, quiet }: { format: string; quiet: boolean }): number {
  if (format !== "table" && format !== "json") throw new BerthError("invalid-parameter", `invalid format option`);
  const containers = context.store.ids().map((id) => context.store.load(id));
  if (quiet) context.io.out(containers.map(({ id }) => `${id}\n`).join(""));
  else if (format === "json")
    context.io.out(`${JSON.stringify(containers.map((container) => shownState(context, container)))}\n`);
  else {
    const row = (container: StoredContainer): readonly string[] => {
      const { status } = shownState(context, container);
      const pid = String(currentState(container).pid ?? 0);
      return [container.id, pid, status, container.bundle, container.created, "root"];
    };
    context.io.out(table([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"], ...containers.map(row)]));
  }
  return 0;
}

function table(rows: readonly (readonly string[])[]): string {
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? "").length)) + 3;
  const line = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(width(column))).join("");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** `options`: ps(1)'s, `-ef` without any. Lines of other processes are left out. */
export async function showProcesses(
  context: RuntimeContext,
  id: string,
  format: string,
  options: readonly string[],
): Promise<number> {
  if (format !== "table" && format !== "json") throw new BerthError("invalid-parameter", `invalid format option`);
  const pids = context.cgroups.open(context.store.load(id).cgroupPath).pids();
  if (format === "json") {
    context.io.out(`${JSON.stringify(pids)}\n`);
    return 0;
  }
  const run = await runCommand({
    file: "ps",
    args: options.length === 0 ? ["-ef"] : options,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeoutMs: 30_000,
  });
  if (run.exitCode !== 0) throw new BerthError("invalid-parameter", new TextDecoder().decode(run.stderr).trim());
  const [head = "", ...lines] = new TextDecoder().decode(run.stdout).trimEnd().split("\n");
  const column = head.trim().split(/\s+/u).indexOf("PID");
  if (column < 0) throw new BerthError("invalid-parameter", "couldn't find PID field in ps output");
  const own = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/u)[column])));
  context.io.out(`${[head, ...own].join("\n")}\n`);
  return 0;
}

/** `spec`: an example configuration in the bundle. `already-exists` when there is one. */
export function writeExample(folder: string, rootless: boolean): number {
  const path = `${folder}/config.json`;
  if (exists(path)) throw new BerthError("already-exists", "File config.json exists. Remove it first");
  const spec: RuntimeSpec = rootless ? rootlessSpec(process.getuid?.() ?? 0, process.getgid?.() ?? 0) : exampleSpec;
  writeFileAtomic(path, `${JSON.stringify(spec, null, 2)}\n`, { mode: 0o666 & ~0o022, durable: false });
  return 0;
}

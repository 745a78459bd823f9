import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { ensureDirectory, readTextFile, writeFileAtomic } from "#host/files.ts";
import { removeTree } from "#host/remove-tree.ts";
import { capabilityNumber } from "#runtime/compile/capabilities.ts";
import { compileExec } from "#runtime/compile/compile-exec.ts";
import { parseJsonExact } from "#spec/oci/runtime-json.ts";
import type { Process, RuntimeSpec } from "#spec/oci/runtime.ts";
import { statusOf } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";

export interface ExecRequest {
  readonly id: string;
  /** File with an OCI process as JSON; else `args` with what the other fields say over the container's own process. */
  readonly processFile: string | undefined;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string | undefined;
  /** `uid[:gid]` */
  readonly user: string | undefined;
  readonly additionalGids: readonly string[];
  readonly capabilities: readonly string[];
  readonly terminal: boolean;
  readonly noNewPrivileges: boolean;
  readonly detach: boolean;
  readonly pidFile: string | undefined;
  readonly consoleSocket: string | undefined;
  readonly preserveFds: number;
}

/** `exec`: one more process in a running container. Resolves to its exit code, 0 when detached. */
export async function execInContainer(context: RuntimeContext, request: ExecRequest): Promise<number> {
  const { store, cgroups, launcher } = context;
  const container = store.load(request.id);
  if (statusOf(container) === "stopped") throw new BerthError("conflict", "cannot exec in a stopped container");
  const spec = store.loadConfig(request.id);
  const process = processOf(spec, request);
  if (process.terminal === true && request.consoleSocket === undefined)
    throw new BerthError("not-implemented", "exec with a terminal needs --console-socket");
  const { plan, warnings } = compileExec({
    id: request.id,
    spec,
    process,
    target: { pid: container.pid, startTicks: BigInt(container.startTicks) },
    cgroup: cgroups.open(container.cgroupPath).entry,
    facts: context.facts,
    filters: context.filters,
  });
  for (const warning of warnings) context.warn(warning);
  const dir = `${store.directory(request.id)}/exec-${randomHex(8)}`;
  ensureDirectory(dir, 0o700);
  try {
    const launched = await launcher.launch({
      id: request.id,
      dir,
      plan,
      terminal: process.terminal === true,
      stdin: "open",
      log: undefined,
      oomEventsPath: undefined,
      mode: request.detach ? "handover" : "inherit",
      ...(request.consoleSocket === undefined ? {} : { consoleSocket: request.consoleSocket }),
      preserveFds: request.preserveFds,
    });
    if (request.pidFile !== undefined)
      writeFileAtomic(request.pidFile, String(launched.pid), { mode: 0o644, durable: false });
    await launched.go();
    return request.detach ? 0 : (await launched.exited()).exitCode;
  } finally {
    await removeTree(dir);
  }
}

function processOf(spec: RuntimeSpec, request: ExecRequest): Process {
  if (request.processFile !== undefined) {
    const value = parseJsonExact(readTextFile(request.processFile, 1 << 20));
    if (typeof value !== "object" || value === null)
      throw new BerthError("invalid-parameter", "the process is not a JSON object");
    return value as Process;
  }
  const base = spec.process ?? { user: { uid: 0, gid: 0 }, cwd: "/" };
  const { consoleSize: _consoleSize, oomScoreAdj: _oomScoreAdj, ...kept } = base;
  const added = request.capabilities.map((name) => {
    if (capabilityNumber(name) === undefined)
      throw new BerthError("invalid-parameter", `unknown capability ${JSON.stringify(name)}`);
    return name;
  });
  const union = (names: readonly string[] | undefined): readonly string[] => [...new Set([...(names ?? []), ...added])];
  return {
    ...kept,
    terminal: request.terminal,
    args: request.args,
    env: [...(base.env ?? []), ...request.env],
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    user: userOf(base.user, request),
    ...(added.length === 0
      ? {}
      : {
          capabilities: {
            ...base.capabilities,
            bounding: union(base.capabilities?.bounding),
            effective: union(base.capabilities?.effective),
            permitted: union(base.capabilities?.permitted),
          },
        }),
    ...(request.noNewPrivileges ? { noNewPrivileges: true } : {}),
  };
}

function userOf(base: Process["user"], { user, additionalGids }: ExecRequest): Process["user"] {
  const groups = additionalGids.length === 0 ? {} : { additionalGids: additionalGids.map(idOf) };
  if (user === undefined) return { ...base, ...groups };
  const [uid = "", gid] = user.split(":");
  return { ...base, ...groups, uid: idOf(uid), ...(gid === undefined ? {} : { gid: idOf(gid) }) };
}

function idOf(text: string): number {
  if (!/^\d+$/u.test(text)) throw new BerthError("invalid-parameter", `parsing ${JSON.stringify(text)}: not a number`);
  return Number(text);
}

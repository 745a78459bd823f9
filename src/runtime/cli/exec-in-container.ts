import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { ensureDirectory, readTextFile, writeFileAtomic } from "#host/files/files.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { capabilityNumber } from "#runtime/compile/capabilities.ts";
import { compileExec } from "#runtime/compile/compile-exec.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import { parseJsonExact } from "#spec/oci/runtime-json.ts";
import type { Process, RuntimeSpec } from "#spec/oci/runtime.ts";
import { cgroupBelow } from "./cgroup-path.ts";
import { statusOf, type StoredContainer } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { launchModeOf, stayWith } from "./foreground.ts";
import { inheritedSockets, withHome } from "./inherited.ts";
import { launchError } from "./launch-error.ts";

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
  readonly apparmor: string | undefined;
  readonly processLabel: string | undefined;
  /** Below the container's group; must exist. */
  readonly cgroup: string | undefined;
  readonly ignorePaused: boolean;
  readonly detach: boolean;
  readonly pidFile: string | undefined;
  readonly consoleSocket: string | undefined;
  readonly preserveFds: number;
}

/** `exec`: one more process in a running container. Resolves to its exit code, 0 when detached. */
export async function execInContainer(context: RuntimeContext, request: ExecRequest): Promise<number> {
  const { store, launcher } = context;
  const container = store.load(request.id);
  if (statusOf(container) === "stopped") throw new BerthError("conflict", "cannot exec in a stopped container");
  const group = context.cgroups.open(container.cgroupPath);
  if (!request.ignorePaused && group.isFrozen())
    throw new BerthError("conflict", "cannot exec in a paused container (use --ignore-paused to override)");
  const spec = store.loadConfig(request.id);
  const process = processOf(spec, request, container, context.io.env);
  const terminal = process.terminal === true;
  checkTerminal(terminal, request);
  const plan = planFor(context, request, container, spec, process);
  const mode = launchModeOf({ detach: request.detach, terminal, consoleSocket: request.consoleSocket });
  const dir = `${store.directory(request.id)}/exec-${randomHex(8)}`;
  ensureDirectory(dir, 0o700);
  try {
    const launched = await launcher.launch({
      id: request.id,
      dir,
      plan,
      terminal,
      stdin: "open",
      log: undefined,
      oomEventsPath: undefined,
      mode,
      ...(process.consoleSize === undefined
        ? {}
        : { consoleSize: { rows: process.consoleSize.height, columns: process.consoleSize.width } }),
      ...(request.consoleSocket === undefined ? {} : { consoleSocket: request.consoleSocket }),
      preserveFds: request.preserveFds + inheritedSockets(context.io.env).count,
    });
    if (request.pidFile !== undefined)
      writeFileAtomic(request.pidFile, String(launched.pid), { mode: 0o644, durable: false });
    const start = async (): Promise<void> => void (await launched.go());
    if (!request.detach) return await stayWith(context, launched, mode === "supervised", start);
    await start();
    return 0;
  } catch (error) {
    throw launchError(error, plan, plan.exec.argv[0] ?? "", "exec failed");
  } finally {
    await removeTree(dir);
  }
}

function planFor(
  context: RuntimeContext,
  request: ExecRequest,
  container: StoredContainer,
  spec: RuntimeSpec,
  process: Process,
): Plan {
  const { plan, warnings } = compileExec({
    id: request.id,
    spec,
    process,
    target: { pid: container.pid, startTicks: BigInt(container.startTicks) },
    cgroup: context.cgroups.open(cgroupBelow(container.cgroupPath, request.cgroup)).entry,
    facts: context.facts,
    filters: context.filters,
    findProgram: true,
    bundle: container.bundle,
  });
  for (const warning of warnings) context.warn(warning);
  return plan;
}

function checkTerminal(terminal: boolean, { detach, consoleSocket }: ExecRequest): void {
  if (terminal && detach && consoleSocket === undefined)
    throw new BerthError("invalid-parameter", "cannot allocate tty if runc will detach without setting console socket");
  if (consoleSocket !== undefined && (!terminal || !detach))
    throw new BerthError("invalid-parameter", "cannot use console socket if runc will not detach or allocate tty");
}

function processOf(
  spec: RuntimeSpec,
  request: ExecRequest,
  { pid, rootfs }: StoredContainer,
  env: RuntimeContext["io"]["env"],
): Process {
  const sockets = inheritedSockets(env).env;
  const wanted = request.processFile === undefined ? processOfFlags(spec, request) : readProcess(request.processFile);
  const home = withHome(wanted, pid > 0 ? `/proc/${pid}/root` : rootfs);
  return { ...home, env: [...(home.env ?? []), ...sockets] };
}

function readProcess(file: string): Process {
  const value = parseJsonExact(readTextFile(file, 1 << 20));
  if (typeof value !== "object" || value === null || !("user" in value) || !("cwd" in value))
    throw new BerthError("invalid-parameter", "the process is no OCI process as a JSON object");
  return value as Process;
}

function processOfFlags(spec: RuntimeSpec, request: ExecRequest): Process {
  if (request.args.length === 0) throw new BerthError("invalid-parameter", "exec args cannot be empty");
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
    ...(request.apparmor === undefined ? {} : { apparmorProfile: request.apparmor }),
    ...(request.processLabel === undefined ? {} : { selinuxLabel: request.processLabel }),
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

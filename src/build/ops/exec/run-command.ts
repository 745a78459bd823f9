import { BerthError, messageOf } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Cgroup, CgroupManager } from "#host/cgroup/types.ts";
import { ensureDirectory, writeFileAtomic } from "#host/files.ts";
import { removeTree } from "#host/remove-tree.ts";
import type { RuntimeFacts } from "#host/runtime-facts.ts";
import type { NetworkService } from "#network/types.ts";
import { compileContainer } from "#runtime/compile/compile-container.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import type { FilterCache } from "#runtime/compile/filter-cache.ts";
import { processError } from "#runtime/process-error.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import type { ShimLauncher, SupervisedProcess } from "#runtime/types.ts";
import { OverlayReader } from "#runtime/user/overlay-reader.ts";
import { resolveUser } from "#runtime/user/resolve-user.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import type { ExecOperation } from "../../graph/types.ts";
import type { StepRequest } from "../../solver/types.ts";
import { CGROUP_FILE } from "../../reconcile-builds.ts";
import { joinNetwork, type CommandNetwork } from "./command-network.ts";
import { commandCgroup, commandSpec, type CommandDefaults } from "./command-spec.ts";
import type { CommandMounts, PreparedMounts } from "./command-mounts.ts";

const MAX_DATABASE_BYTES = 4 << 20;

export interface CommandDeps {
  readonly launcher: ShimLauncher;
  readonly networks: NetworkService;
  readonly cgroups: CgroupManager;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  readonly defaults: CommandDefaults;
  readonly mounts: CommandMounts;
  readonly paths: { buildRunDir(id: string): string };
  readonly log: Log;
  /** Throws when this machine cannot run programs of a platform. */
  readonly requirePlatform: (platform: Platform) => void;
}

/**
 * Run a step's command in a container on `root`, as any container of this engine is run, and wait for its end. Its output
 * is reported as it comes. `invalid-parameter` with `details.exitCode` when it fails; `cancelled`, with every process of it
 * dead, when the signal aborts. Nothing of the container is left afterwards but what was written to the root.
 */
export async function runCommand(
  deps: CommandDeps,
  request: Omit<StepRequest, "operation"> & { readonly operation: ExecOperation },
  root: RootMount,
): Promise<void> {
  const id = randomId();
  const dir = deps.paths.buildRunDir(id);
  const { operation, settings, signal, report } = request;
  deps.requirePlatform(request.vertex.platform);
  ensureDirectory(dir, 0o700);
  const undo: (() => Promise<unknown>)[] = [() => removeTree(dir)];
  report({ type: "running", id });
  try {
    const begun = deps.launcher.begin({ id, dir });
    undo.push(async () => begun.abandon());
    undo.push(() => deps.networks.release(id));
    const mounts = await deps.mounts.prepare({ ...request, id, dir });
    undo.push(() => mounts.release());
    const network = await joinNetwork(deps, { id, dir, network: operation.network, hosts: settings.hosts });
    const made = commandSpec({
      id,
      operation,
      env: [...operation.env, ...operation.keylessEnv, ...mounts.env],
      user: userIn(root, operation.user),
      mounts: mounts.mounts,
      files: network.files,
      settings,
      defaults: deps.defaults,
      facts: deps.facts,
    });
    const cgroupPath = commandCgroup(id, settings, deps.defaults);
    writeFileAtomic(`${dir}/${CGROUP_FILE}`, cgroupPath, { mode: 0o600, durable: false });
    const cgroup = deps.cgroups.create(cgroupPath, cgroupResources(made.spec));
    undo.push(() => cgroup.remove());
    signal.throwIfAborted();
    const { plan } = compileContainer({
      id,
      spec: { ...made.spec, mounts: [...(made.spec.mounts ?? []), ...mounts.more] },
      root: withStubs(root, mounts),
      cgroup: cgroup.entry,
      cgroupPath,
      facts: deps.facts,
      filters: deps.filters,
    });
    const process = await launch(
      deps,
      { id, dir, plan, network, oomEventsPath: cgroup.oomEventsPath },
      begun,
      operation,
    );
    undo.push(async () => process.detach());
    await finish(process, cgroup, request, plan);
  } catch (error) {
    if (signal.aborted) throw new BerthError("cancelled", "context canceled", { cause: error });
    throw error;
  } finally {
    for (const act of undo.toReversed()) {
      await act().catch((error: unknown) =>
        deps.log.error("could not clean up after a build step", { id, error: messageOf(error) }),
      );
    }
  }
}

async function launch(
  deps: CommandDeps,
  given: {
    readonly id: string;
    readonly dir: string;
    readonly plan: Plan;
    readonly network: CommandNetwork;
    readonly oomEventsPath: string | undefined;
  },
  begun: ReturnType<ShimLauncher["begin"]>,
  operation: ExecOperation,
): Promise<SupervisedProcess> {
  const { network, ...rest } = given;
  try {
    return await begun.launch({
      ...rest,
      terminal: false,
      stdin: "closed",
      log: undefined,
      onNamespaces: async (pid) => {
        if (network.endpoint !== undefined) await deps.networks.connect(network.endpoint, `/proc/${pid}/ns/net`);
      },
    });
  } catch (error) {
    throw processError(error, given.plan, operation.args[0] ?? "");
  }
}

async function finish(
  process: SupervisedProcess,
  cgroup: Cgroup,
  { operation, signal, report }: Omit<StepRequest, "operation"> & { readonly operation: ExecOperation },
  plan: Plan,
): Promise<void> {
  const stop = (): void => void cgroup.kill().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const stream = await process.attach({ stdin: false, stdout: true, stderr: true });
    try {
      await process.go();
    } catch (error) {
      throw processError(error, plan, operation.args[0] ?? "");
    }
    if (signal.aborted) stop();
    const decoder = new FrameDecoder();
    for await (const chunk of stream.readable) {
      for (const { stream: name, payload } of decoder.push(chunk))
        report({ type: "output", stream: name === "stderr" ? "stderr" : "stdout", bytes: payload.slice() });
    }
    const { exitCode, oomKilled } = await process.exited();
    if (signal.aborted) throw new BerthError("cancelled", "context canceled");
    if (exitCode === 0) return;
    const words = operation.args.join(" ");
    const why = oomKilled ? " (it was killed for want of memory)" : "";
    throw new BerthError("invalid-parameter", `The command '${words}' returned a non-zero code: ${exitCode}${why}`, {
      details: { exitCode, command: words },
    });
  } finally {
    signal.removeEventListener("abort", stop);
    // What the command left running ends with it.
    await cgroup.kill().catch(() => undefined);
  }
}

/** Mount points that the tree lacks lie below all of it, so that no layer gets them. */
function withStubs(root: RootMount, { stubs }: PreparedMounts): RootMount {
  return stubs === undefined ? root : { ...root, lowerDirs: [...root.lowerDirs, stubs] };
}

function userIn(root: RootMount, user: string): ReturnType<typeof resolveUser> {
  const reader = new OverlayReader(root);
  return resolveUser(user, [], (path) => reader.readText(path, MAX_DATABASE_BYTES));
}

import { cancelled, messageOf } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import { ensureDirectory } from "#host/files/files.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { deviceAt } from "#host/facts/devices.ts";
import type { Endpoint, NetworkInfo, NetworkService } from "#network/types.ts";
import { applyCdi } from "#runtime/cdi/apply-cdi.ts";
import { compileContainer } from "#runtime/compile/compile-container.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import type { FilterCache } from "#runtime/compile/filter-cache.ts";
import { refuseEmulated, type Emulation } from "#runtime/emulation/emulators.ts";
import { hookedLaunch, runPoststop, type HookedLaunch } from "#runtime/hooks/hooked-launch.ts";
import { processError } from "#runtime/process-error.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import type { LaunchRequest, ShimLauncher, SupervisedProcess } from "#runtime/types.ts";
import { OverlayReader } from "#runtime/user/overlay-reader.ts";
import { resolveUser } from "#runtime/user/resolve-user.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { ExecOperation } from "../../graph/types.ts";
import type { SharedNetwork, StepRequest } from "../../solver/types.ts";
import { isShared, joinNetwork, networkNamed } from "./command-network.ts";
import type { CommandSeat, CommandSeats } from "./command-seats.ts";
import {
  COMMAND_HOSTNAME,
  checkUserNamespace,
  commandCgroup,
  commandSpec,
  type CommandDefaults,
} from "./command-spec.ts";
import { deviceEdits } from "./command-devices.ts";
import type { CommandMounts, PreparedMounts } from "./command-mounts.ts";

const MAX_DATABASE_BYTES = 4 << 20;

export interface CommandDeps {
  readonly launcher: ShimLauncher;
  readonly networks: NetworkService;
  readonly cgroups: CgroupManager;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  /** A mount namespace that has nothing, if there is one. */
  readonly emptyMounts: string | undefined;
  readonly defaults: CommandDefaults;
  readonly mounts: CommandMounts;
  readonly paths: { buildRunDir(id: string): string };
  readonly log: Log;
  readonly emulators: { require(platform: Platform): Emulation | undefined };
}

/** A step whose operation is a command. */
export type CommandRequest = Omit<StepRequest, "operation"> & { readonly operation: ExecOperation };

/** How its output is had. */
export type CommandStreams = Pick<LaunchRequest, "terminal" | "stdin" | "consoleSize" | "onMonitor">;

/** A process in its container that waits for `go`, or will. */
export interface ReadyCommand {
  readonly process: SupervisedProcess;
  readonly plan: Plan;
  /** SIGKILL everything of it. */
  readonly kill: () => Promise<void>;
  /** Called with its pid when it runs, where hooks want to know. */
  readonly onStarted: ((pid: number) => Promise<void>) | undefined;
}

/**
 * Make a container for a step's command on `root`, as any container of this engine is made, and do `work` with the process
 * in it. Nothing of the container is left afterwards but what was written to the root, and its seat for the next one.
 * `cancelled` when the signal aborts.
 */
export async function withCommand<T>(
  deps: CommandDeps,
  seats: CommandSeats,
  request: CommandRequest,
  root: RootMount,
  streams: CommandStreams,
  work: (ready: ReadyCommand) => Promise<T>,
): Promise<T> {
  const id = randomId();
  const dir = deps.paths.buildRunDir(id);
  const { operation, settings, signal, report } = request;
  const { platform } = request.vertex;
  const emulation = deps.emulators.require(platform);
  checkUserNamespace(operation, deps.defaults);
  if (emulation !== undefined && operation.security === "insecure")
    throw refuseEmulated("--security=insecure", platform);
  ensureDirectory(dir, 0o700);
  const undo: (() => Promise<unknown>)[] = [async () => seats.sweep(id, dir)];
  let isDone = false;
  report({ type: "running", id });
  try {
    const begun = deps.launcher.begin({ id, dir });
    undo.push(() => begun.abandon());
    const network = await networkNamed(deps, operation.network, settings);
    if (emulation !== undefined && isShared(network)) throw refuseEmulated(`--network ${operation.network}`, platform);
    const seat = seats.take(emulation === undefined && isPlain(operation, network, deps.defaults));
    undo.push(() => (isDone ? seats.giveBack(seat) : seat.leave()));
    const edits = deviceEdits(operation.devices, deps.defaults.cdiSpecDirs);
    const mounts = await deps.mounts.prepare({ ...request, id, dir, more: edits.flatMap((edit) => edit.mounts) });
    undo.push(() => mounts.release());
    const { files, hostname, endpoint } = await joinNetwork(deps, {
      ...{ seat, network, hosts: settings.hosts },
      hostname: operation.hostname || COMMAND_HOSTNAME,
    });
    const cgroupPath = commandCgroup(seat.id, settings, deps.defaults);
    const made = commandSpec({
      id,
      cgroupPath,
      networkNamespace: isShared(network) ? network.namespacePath : seat.networkNamespace,
      hostname,
      operation,
      env: [...operation.env, ...operation.keylessEnv, ...mounts.env],
      user: userIn(root, operation.user),
      terminal: streams.terminal,
      mounts: mounts.mounts,
      files,
      settings,
      defaults: deps.defaults,
      facts: deps.facts,
      isEmulated: emulation !== undefined,
    });
    const spec = applyCdi(made.spec, edits, (path) => deviceAt(path));
    const hooked = hookedLaunch(spec, { id, dir });
    if (hooked !== undefined) undo.push(() => runPoststop({ id, dir }));
    const cgroup = seat.cgroup(cgroupPath, cgroupResources(spec));
    signal.throwIfAborted();
    const { plan } = compileContainer({
      id,
      spec,
      overlays: mounts.overlays,
      root: withStubs(root, mounts),
      cgroup: cgroup.entry,
      cgroupPath,
      facts: deps.facts,
      filters: deps.filters,
      emptyMounts: deps.emptyMounts,
      emulation,
      ...(deps.defaults.remappedIds === undefined ? {} : { rootMappings: deps.defaults.remappedIds }),
      ...hooked?.compile,
    });
    const process = await launch(
      deps,
      { id, dir, plan, seat, endpoint, oomEventsPath: cgroup.oomEventsPath, onWait: hooked?.run.onWait },
      begun,
      operation,
      streams,
    );
    undo.push(async () => process.detach());
    const result = await work({ process, plan, kill: () => seat.kill(), onStarted: hooked?.run.onStarted });
    isDone = true;
    return result;
  } catch (error) {
    if (signal.aborted) throw cancelled(error);
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
    readonly seat: CommandSeat;
    readonly endpoint: Endpoint | undefined;
    readonly oomEventsPath: string | undefined;
    readonly onWait: HookedLaunch["run"]["onWait"] | undefined;
  },
  begun: ReturnType<ShimLauncher["begin"]>,
  operation: ExecOperation,
  streams: CommandStreams,
): Promise<SupervisedProcess> {
  const { seat, endpoint, onWait, ...rest } = given;
  const isThere = endpoint === undefined || seat.networkNamespace !== undefined;
  try {
    return await begun.launch({
      ...rest,
      ...streams,
      log: undefined,
      ...(onWait === undefined ? {} : { onWait }),
      goesAhead: !streams.terminal && onWait === undefined,
      ...(isThere
        ? {}
        : {
            onNetwork: async (namespace) => {
              await deps.networks.connect([endpoint], namespace);
              seat.keepNamespace(namespace);
            },
          }),
    });
  } catch (error) {
    throw processError(error, given.plan, operation.args[0] ?? "");
  }
}

/** As almost all are: nothing of its seat is its own, or can be changed by it. */
function isPlain(
  { security, devices }: ExecOperation,
  network: NetworkInfo | SharedNetwork,
  { remappedIds }: CommandDefaults,
): boolean {
  const isDefault = !isShared(network) && network.driver === "bridge" && network.predefined;
  return isDefault && security === "sandbox" && devices.length === 0 && remappedIds === undefined;
}

/** Mount points that the tree lacks lie below all of it, so that no layer gets them. */
function withStubs(root: RootMount, { stubs }: PreparedMounts): RootMount {
  return stubs === undefined ? root : { ...root, lowerDirs: [...root.lowerDirs, stubs] };
}

function userIn(root: RootMount, user: string): ReturnType<typeof resolveUser> {
  const reader = new OverlayReader(root);
  return resolveUser(user, [], (path) => reader.readText(path, MAX_DATABASE_BYTES));
}

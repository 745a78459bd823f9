import { BerthError } from "#base/errors.ts";
import { ensureDirectory, readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import { identifyProcess } from "#host/processes/process.ts";
import { compileContainer, hookPoint } from "#runtime/compile/compile-container.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import type { LaunchRequest, SupervisedProcess } from "#runtime/types.ts";
import { parseRuntimeSpec } from "#spec/oci/runtime-json.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import { cgroupPathOf } from "./cgroup-path.ts";
import { checkHooks, hookSteps, runHooks } from "../hooks/hooks.ts";
import { ociState } from "../hooks/oci-state.ts";
import type { StoredContainer } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { launchError, outlineOf } from "./launch-error.ts";
import { inheritedSockets, withHome } from "./inherited.ts";
import { moveNetDevices } from "./net-devices.ts";
import { withoutZeroLimits } from "./set-limits.ts";

export interface CreateRequest {
  readonly id: string;
  readonly bundle: string;
  readonly mode: NonNullable<LaunchRequest["mode"]>;
  readonly consoleSocket: string | undefined;
  readonly pidFile: string | undefined;
  readonly preserveFds: number;
  readonly noPivot: boolean;
  readonly newKeyring: boolean;
}

export interface Created {
  readonly container: StoredContainer;
  readonly spec: RuntimeSpec;
  readonly process: SupervisedProcess;
}

/** A bundle's configuration as text and value. `not-found` without one. */
export function readBundle(bundle: string): { readonly text: string; readonly spec: RuntimeSpec } {
  const text = readTextFileMaybe(`${bundle}/config.json`, 16 << 20);
  if (text === undefined) throw new BerthError("not-found", `JSON specification file ${bundle}/config.json not found`);
  return { text, spec: parseRuntimeSpec(text) };
}

/** OCI `create` (runtime.md, "Create"): everything but the user's program. Nothing is left when it fails. */
export async function createContainer(context: RuntimeContext, request: CreateRequest): Promise<Created> {
  const { store, cgroups } = context;
  const { id, bundle } = request;
  const { text, spec } = readBundle(bundle);
  checkHooks(spec.hooks);
  checkTerminal(spec, request);
  const rootfs = rootOf(spec, bundle);
  const cgroupPath = cgroupPathOf(spec, id);
  const directory = store.reserve(id);
  try {
    store.saveConfig(id, text);
    const cgroup = cgroups.create(cgroupPath, withoutZeroLimits(cgroupResources(spec)));
    try {
      const sockets = inheritedSockets(context.io.env);
      const plan = planFor(context, request, inheriting(spec, rootfs, sockets.env), rootfs, cgroup.entry, cgroupPath);
      const describe = (pid: number): StoredContainer => description(request, spec, { rootfs, cgroupPath, plan, pid });
      const process = await launch(context, request, spec, {
        plan,
        dir: `${directory}/init`,
        oomEventsPath: cgroup.oomEventsPath,
        preserveFds: request.preserveFds + sockets.count,
        describe,
      });
      const container = describe(process.pid);
      store.save(container);
      if (request.pidFile !== undefined)
        writeFileAtomic(request.pidFile, String(process.pid), { mode: 0o644, durable: false });
      return { container, spec, process };
    } catch (error) {
      await cgroup.remove();
      throw error;
    }
  } catch (error) {
    await store.remove(id);
    throw error;
  }
}

function planFor(
  context: RuntimeContext,
  request: CreateRequest,
  spec: RuntimeSpec,
  rootfs: string,
  cgroup: { readonly directory?: string; readonly procs: readonly string[] },
  cgroupPath: string,
): Plan {
  const { id, bundle } = request;
  const state = { ...ociState({ id, bundle, annotations: spec.annotations ?? {} }, "creating") };
  const { plan, warnings } = compileContainer({
    id,
    spec,
    root: { kind: "bind", path: rootfs },
    cgroup,
    cgroupPath,
    facts: context.facts,
    filters: context.filters,
    noPivot: request.noPivot,
    hooks: hostHooks(spec).length > 0,
    ...(spec.hooks === undefined ? {} : { rootTarget: rootfs }),
    createContainer: hookSteps("createContainer", spec.hooks?.createContainer, state),
    startContainer: hookSteps("startContainer", spec.hooks?.startContainer, { ...state, status: "created" }),
    newKeyring: request.newKeyring,
    findProgram: true,
    bundle,
  });
  for (const warning of warnings) context.warn(warning);
  return plan;
}

interface Launch {
  readonly plan: Plan;
  readonly dir: string;
  readonly oomEventsPath: string | undefined;
  readonly preserveFds: number;
  readonly describe: (pid: number) => StoredContainer;
}

async function launch(
  context: RuntimeContext,
  request: CreateRequest,
  spec: RuntimeSpec,
  { plan, dir, oomEventsPath, preserveFds, describe }: Launch,
): Promise<SupervisedProcess> {
  ensureDirectory(dir, 0o700);
  const size = spec.process?.consoleSize;
  const devices = spec.linux?.netDevices ?? {};
  const launching = context.launcher.launch({
    id: request.id,
    dir,
    plan,
    terminal: spec.process?.terminal === true,
    ...(size === undefined ? {} : { consoleSize: { rows: size.height, columns: size.width } }),
    stdin: "open",
    log: undefined,
    oomEventsPath,
    mode: request.mode,
    ...(request.consoleSocket === undefined ? {} : { consoleSocket: request.consoleSocket }),
    preserveFds,
    ...(Object.keys(devices).length === 0
      ? {}
      : { onNetwork: async (namespace) => moveNetDevices(devices, namespace) }),
    onWait: async (point, pid) => {
      if (point !== hookPoint) return;
      const state = { ...ociState(describe(pid), "creating"), pid };
      await runHooks("prestart", spec.hooks?.prestart ?? [], state);
      await runHooks("createRuntime", spec.hooks?.createRuntime ?? [], state);
    },
  });
  try {
    return await launching;
  } catch (error) {
    throw launchError(error, plan, plan.exec.argv[0] ?? "", "berth-runtime create failed");
  }
}

const hostHooks = ({ hooks }: RuntimeSpec): readonly unknown[] => [
  ...(hooks?.prestart ?? []),
  ...(hooks?.createRuntime ?? []),
];

function description(
  { id, bundle }: CreateRequest,
  spec: RuntimeSpec,
  made: { readonly rootfs: string; readonly cgroupPath: string; readonly plan: Plan; readonly pid: number },
): StoredContainer {
  return {
    id,
    bundle,
    pid: made.pid,
    startTicks: identifyProcess(made.pid)?.startTicks ?? 0,
    cgroupPath: made.cgroupPath,
    started: false,
    created: new Date().toISOString(),
    annotations: spec.annotations ?? {},
    rootfs: made.rootfs,
    outline: outlineOf(made.plan),
  };
}

/** What runc adds to the environment: HOME, and the sockets that its own caller passed on (sd_listen_fds(3)). */
function inheriting(spec: RuntimeSpec, rootfs: string, sockets: readonly string[]): RuntimeSpec {
  if (spec.process === undefined) return spec;
  const process = withHome(spec.process, rootfs);
  return { ...spec, process: { ...process, env: [...(process.env ?? []), ...sockets] } };
}

function rootOf(spec: RuntimeSpec, bundle: string): string {
  const path = spec.root?.path ?? "";
  if (path === "") throw new BerthError("invalid-parameter", "the configuration has no root path");
  return path.startsWith("/") ? path : `${bundle}/${path}`;
}

function checkTerminal(spec: RuntimeSpec, { consoleSocket, mode }: CreateRequest): void {
  const terminal = spec.process?.terminal === true;
  if (terminal && consoleSocket === undefined && mode === "handover") {
    throw new BerthError("invalid-parameter", "cannot allocate tty if runc will detach without setting console socket");
  }
  if (consoleSocket !== undefined && (!terminal || mode !== "handover")) {
    throw new BerthError("invalid-parameter", "cannot use console socket if runc will not detach or allocate tty");
  }
}

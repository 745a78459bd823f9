import { BerthError } from "#base/errors.ts";
import { ensureDirectory, readTextFileMaybe, writeFileAtomic } from "#host/files.ts";
import { identifyProcess } from "#host/process.ts";
import { compileContainer, hookPoint } from "#runtime/compile/compile-container.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import type { LaunchRequest, SupervisedProcess } from "#runtime/types.ts";
import { parseRuntimeSpec } from "#spec/oci/runtime-json.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import { defaultCgroupParent } from "./container-commands.ts";
import { ociState, type StoredContainer } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { checkHooks, runHooks } from "./hooks.ts";

export interface CreateRequest {
  readonly id: string;
  readonly bundle: string;
  readonly mode: NonNullable<LaunchRequest["mode"]>;
  readonly consoleSocket: string | undefined;
  readonly pidFile: string | undefined;
  readonly preserveFds: number;
  readonly noPivot: boolean;
}

export interface Created {
  readonly container: StoredContainer;
  readonly spec: RuntimeSpec;
  readonly process: SupervisedProcess;
}

/** OCI `create` (runtime.md, "Create"): everything but the user's program. Nothing is left when it fails. */
export async function createContainer(context: RuntimeContext, request: CreateRequest): Promise<Created> {
  const { store, cgroups } = context;
  const { id, bundle } = request;
  const text = readTextFileMaybe(`${bundle}/config.json`, 16 << 20);
  if (text === undefined) throw new BerthError("not-found", `JSON specification file ${bundle}/config.json not found`);
  const spec = parseRuntimeSpec(text);
  checkHooks(spec.hooks);
  checkTerminal(spec, request);
  const cgroupPath = cgroupPathOf(spec, id);
  const directory = store.reserve(id);
  try {
    store.saveConfig(id, text);
    const cgroup = cgroups.create(cgroupPath, cgroupResources(spec));
    try {
      const process = await launch(context, request, spec, cgroup.entry, cgroupPath, directory, cgroup.oomEventsPath);
      const container = describe(request, spec, cgroupPath, process.pid);
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

async function launch(
  context: RuntimeContext,
  request: CreateRequest,
  spec: RuntimeSpec,
  cgroup: { readonly directory?: string; readonly procs: readonly string[] },
  cgroupPath: string,
  directory: string,
  oomEventsPath: string | undefined,
): Promise<SupervisedProcess> {
  const { id, bundle } = request;
  const hooks = [...(spec.hooks?.prestart ?? []), ...(spec.hooks?.createRuntime ?? [])];
  const rootPath = spec.root?.path ?? "";
  if (rootPath === "") throw new BerthError("invalid-parameter", "the configuration has no root path");
  const { plan, warnings } = compileContainer({
    id,
    spec,
    root: { kind: "bind", path: rootPath.startsWith("/") ? rootPath : `${bundle}/${rootPath}` },
    cgroup,
    cgroupPath,
    facts: context.facts,
    filters: context.filters,
    noPivot: request.noPivot,
    hooks: hooks.length > 0,
  });
  for (const warning of warnings) context.warn(warning);
  ensureDirectory(`${directory}/init`, 0o700);
  return context.launcher.launch({
    id,
    dir: `${directory}/init`,
    plan,
    terminal: spec.process?.terminal === true,
    ...(spec.process?.consoleSize === undefined
      ? {}
      : { consoleSize: { rows: spec.process.consoleSize.height, columns: spec.process.consoleSize.width } }),
    stdin: "open",
    log: undefined,
    oomEventsPath,
    mode: request.mode,
    ...(request.consoleSocket === undefined ? {} : { consoleSocket: request.consoleSocket }),
    preserveFds: request.preserveFds,
    onWait: async (point, pid) => {
      if (point !== hookPoint) return;
      const state = ociState(describe(request, spec, cgroupPath, pid), "creating");
      await runHooks("prestart", spec.hooks?.prestart ?? [], { ...state, pid });
      await runHooks("createRuntime", spec.hooks?.createRuntime ?? [], { ...state, pid });
    },
  });
}

function describe({ id, bundle }: CreateRequest, spec: RuntimeSpec, cgroupPath: string, pid: number): StoredContainer {
  return {
    id,
    bundle,
    pid,
    startTicks: identifyProcess(pid)?.startTicks ?? 0,
    cgroupPath,
    started: false,
    created: new Date().toISOString(),
    annotations: spec.annotations ?? {},
  };
}

function checkTerminal(spec: RuntimeSpec, { consoleSocket }: CreateRequest): void {
  const terminal = spec.process?.terminal === true;
  if (terminal && consoleSocket === undefined) {
    throw new BerthError("invalid-parameter", "cannot allocate tty if runc will detach without setting console socket");
  }
  if (!terminal && consoleSocket !== undefined) {
    throw new BerthError("invalid-parameter", "cannot use console socket if runc will not detach or allocate tty");
  }
}

/** Absolute paths are below the hierarchies' roots, relative ones too (config-linux.md leaves it to the runtime). */
function cgroupPathOf(spec: RuntimeSpec, id: string): string {
  const wanted = spec.linux?.cgroupsPath ?? "";
  if (wanted === "") return `${defaultCgroupParent}/${id}`;
  if (wanted.includes(":") && wanted.split(":").length === 3 && !wanted.startsWith("/")) {
    throw new BerthError(
      "not-implemented",
      `cgroupsPath ${JSON.stringify(wanted)} is for systemd's cgroup driver, which is not supported yet`,
    );
  }
  const parts = wanted.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.length === 0)
    throw new BerthError("invalid-parameter", `cgroupsPath ${JSON.stringify(wanted)} is not a path of a group`);
  return `/${parts.join("/")}`;
}

import { BerthError } from "#base/errors.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import { isDirectory, writeFileAtomic } from "#host/files/files.ts";
import { mountPointOf } from "#host/mounts/mount-propagation.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { contextOption } from "#runtime/compile/mount-context.ts";
import { compileForeignContainer, compileForeignExec, foreignSpec } from "#runtime/foreign/compile-foreign.ts";
import { launchFile, type ForeignRuntime } from "#runtime/foreign/foreign-runtime.ts";
import { runForeign } from "#runtime/foreign/run-foreign.ts";
import { stageFor } from "#runtime/foreign/stage.ts";
import type { IdMappings, Process, RuntimeSpec } from "#spec/oci/runtime.ts";
import { printJsonExact } from "#spec/oci/runtime-json.ts";
import { cgroupPathOf } from "./cgroup-path.ts";
import type { EngineConfig } from "./config.ts";
import { ownRuntimes } from "./own-runtime.ts";
import type { EnginePaths } from "./ports.ts";
import type { CompiledPlan, ContainerPlanRequest, ExecPlanRequest } from "./planner-ports.ts";

/** Plans of containers whose processes a foreign OCI runtime makes; it makes their cgroups too. */
export class ForeignPlanner {
  readonly #cgroups: CgroupManager;
  readonly #facts: Pick<RuntimeFacts, "selinux" | "kernel">;
  readonly #config: Pick<EngineConfig, "runtimes" | "cgroupParent">;
  readonly #paths: Pick<EnginePaths, "runtimeStateDir" | "foreignStageDir">;

  constructor(deps: {
    readonly cgroups: CgroupManager;
    readonly facts: Pick<RuntimeFacts, "selinux" | "kernel">;
    readonly defaults: Pick<EngineConfig, "runtimes" | "cgroupParent">;
    readonly paths: Pick<EnginePaths, "runtimeStateDir" | "foreignStageDir">;
  }) {
    this.#cgroups = deps.cgroups;
    this.#facts = deps.facts;
    this.#config = deps.defaults;
    this.#paths = deps.paths;
  }

  /** undefined for our own. `invalid-parameter` in Docker's words for one that is not, or no longer, registered. */
  find(name: string): ForeignRuntime | undefined {
    if (name === "" || ownRuntimes.includes(name)) return undefined;
    const found = Object.hasOwn(this.#config.runtimes, name) ? this.#config.runtimes[name] : undefined;
    if (found === undefined) throw new BerthError("invalid-parameter", `unknown or invalid runtime name: ${name}`);
    return { ...found, stateDir: this.#paths.runtimeStateDir(name) };
  }

  /** Writes the bundle. */
  container(
    runtime: ForeignRuntime,
    { spec, dir, root }: ContainerPlanRequest,
    made: { readonly spec: RuntimeSpec; readonly warnings: readonly string[] },
    rootMappings: IdMappings | undefined,
  ): CompiledPlan {
    const log = `${dir}/${launchFile.log}`;
    const stage = stageFor(made.spec, this.#paths.foreignStageDir, rootMappings, isDirectory);
    const config = printJsonExact(foreignSpec(made.spec, isDirectory, stage));
    writeFileAtomic(`${dir}/${launchFile.config}`, config, volatile);
    return {
      plan: compileForeignContainer({
        runtime,
        id: spec.id,
        dir,
        mountPoint: mountPointOf(dir),
        root,
        terminal: spec.config.Tty,
        stage,
        rootOptions: contextOption(made.spec.linux ?? {}, this.#facts),
        kernel: this.#facts.kernel,
      }),
      adopt: { pidFile: launchFile.pid, log, start: () => runForeign(runtime, log, "start", spec.id) },
      oomEventsPath: this.#cgroups.open(cgroupPathOf(spec, this.#config.cgroupParent)).oomEventsPath,
      warnings: made.warnings,
    };
  }

  exec(runtime: ForeignRuntime, { container, dir, exec }: ExecPlanRequest, process: Process): CompiledPlan {
    writeFileAtomic(`${dir}/${launchFile.process}`, printJsonExact(process), volatile);
    return {
      plan: compileForeignExec(runtime, { id: container.id, dir, terminal: exec.Tty }),
      adopt: { pidFile: launchFile.pid, log: `${dir}/${launchFile.log}` },
      oomEventsPath: undefined,
      warnings: [],
    };
  }

  forget(runtime: ForeignRuntime, id: string): Promise<void> {
    return runForeign(runtime, "/dev/null", "delete", "--force", id);
  }
}

/** Launch directories are gone after a reboot anyway. */
const volatile = { mode: 0o600, durable: false } as const;

import { BerthError } from "#base/errors.ts";
import { ensureDirectory, exists, readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import { hookPoint, type CompileInput } from "#runtime/compile/compile-container.ts";
import { launchFile } from "#runtime/foreign/foreign-runtime.ts";
import { checkHooks, hookSteps, runHooks, runHooksAnyway } from "./hooks.ts";
import { ociState } from "./oci-state.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import { parseRuntimeSpec, printJsonExact } from "#spec/oci/runtime-json.ts";

const maxSpecBytes = 16 << 20;

export interface HookedLaunch {
  readonly compile: Pick<CompileInput, "hooks" | "createContainer" | "startContainer" | "rootTarget">;
  readonly run: {
    /** For the launch, see `LaunchRequest`. */
    readonly onWait: (point: number, pid: number) => Promise<void>;
    /** When the process runs. */
    readonly onStarted: (pid: number) => Promise<void>;
  };
}

/**
 * What hooks of a container (those of its CDI devices) need at its launch: a bundle in the launch directory, because they
 * find the root through its config.json, and to be run at their times (runtime-spec config.md, "POSIX-platform Hooks").
 * undefined without hooks. `invalid-parameter` for one that cannot be run.
 */
export function hookedLaunch(spec: RuntimeSpec, { id, dir }: { readonly id: string; readonly dir: string }) {
  const { hooks, annotations = {} } = spec;
  if (hooks === undefined) return undefined;
  checkHooks(hooks);
  const rootTarget = `${dir}/${launchFile.rootfs}`;
  ensureDirectory(rootTarget, 0o755);
  const bundled = { ...spec, root: { ...spec.root, path: launchFile.rootfs } };
  writeFileAtomic(`${dir}/${launchFile.config}`, printJsonExact(bundled), { mode: 0o600, durable: false });
  const state = ociState({ id, bundle: dir, annotations }, "creating");
  const launch: HookedLaunch = {
    compile: {
      hooks: true,
      createContainer: hookSteps("createContainer", hooks.createContainer, state),
      startContainer: hookSteps("startContainer", hooks.startContainer, { ...state, status: "created" }),
      rootTarget,
    },
    run: {
      onWait: async (point, pid) => {
        if (point !== hookPoint) return;
        await runHooks("prestart", hooks.prestart ?? [], { ...state, pid });
        await runHooks("createRuntime", hooks.createRuntime ?? [], { ...state, pid });
      },
      onStarted: (pid) => runHooks("poststart", hooks.poststart ?? [], { ...state, status: "running", pid }),
    },
  };
  return launch;
}

/** Was the process in this launch directory started with hooks? */
export const hasHooks = (dir: string): boolean => exists(`${dir}/${launchFile.config}`);

/** The hooks for after its end, by the bundle in the launch directory, if there is one. `internal` naming those that failed. */
export async function runPoststop({ id, dir }: { readonly id: string; readonly dir: string }): Promise<void> {
  const text = readTextFileMaybe(`${dir}/${launchFile.config}`, maxSpecBytes);
  if (text === undefined) return;
  const { hooks, annotations = {} } = parseRuntimeSpec(text);
  const failures: string[] = [];
  const state = ociState({ id, bundle: dir, annotations }, "stopped");
  await runHooksAnyway("poststop", hooks?.poststop ?? [], state, (why) => failures.push(why));
  if (failures.length > 0) throw new BerthError("internal", failures.join("; "));
}

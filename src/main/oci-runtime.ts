import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import { readRuntimeFacts } from "#host/runtime-facts.ts";
import { openShimBinary } from "#host/shim-binary.ts";
import { StandardOutput } from "#host/terminal/standard-streams.ts";
import { runOciCommand } from "#runtime/cli/run-oci-runtime.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";

/** `berth-runtime ARGS…`: the OCI runtime command line. Resolves to the exit code. */
export function runOciRuntime(argv: readonly string[], version: string): Promise<number> {
  return runOciCommand(argv, {
    version,
    io: {
      workingDirectory: process.cwd(),
      out: (text) => new StandardOutput(1).write(text),
      err: (text) => new StandardOutput(2).write(text),
    },
    open: () => {
      const cgroups = openCgroups();
      const shim = openShimBinary();
      return {
        cgroups,
        facts: readRuntimeFacts(cgroups),
        filters: new FilterCache(),
        launcher: new NativeShimLauncher({ shimPath: () => shim.path }),
      };
    },
  });
}

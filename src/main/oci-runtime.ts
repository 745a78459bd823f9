import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import { onPassableSignals } from "#host/passable-signals.ts";
import { readRuntimeFacts } from "#host/runtime-facts.ts";
import { openShimBinary } from "#host/shim-binary.ts";
import { StandardInput, StandardOutput } from "#host/terminal/standard-streams.ts";
import type { LocalTerminal } from "#runtime/cli/context.ts";
import { runOciCommand } from "#runtime/cli/run-oci-runtime.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";

/** `berth-runtime ARGS…`: the OCI runtime command line. Resolves to the exit code. */
export function runOciRuntime(argv: readonly string[], version: string): Promise<number> {
  const [stdin, stdout] = [new StandardInput(), new StandardOutput(1)];
  const terminal: LocalTerminal = {
    makeRaw: () => stdin.makeRaw(),
    size: () => stdout.windowSize(),
    read: () => stdin.read(),
    write: (bytes) => stdout.write(bytes),
  };
  return runOciCommand(argv, {
    version,
    io: {
      workingDirectory: process.cwd(),
      env: process.env,
      out: (text) => stdout.write(text),
      err: (text) => new StandardOutput(2).write(text),
      get terminal() {
        return stdin.isTerminal() ? terminal : undefined;
      },
      onSignals: onPassableSignals,
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

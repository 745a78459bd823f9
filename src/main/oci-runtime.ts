import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import { onPassableSignals } from "#host/program/passable-signals.ts";
import { readRuntimeFacts } from "#host/facts/runtime-facts.ts";
import { openShimBinary } from "#host/shim/shim-binary.ts";
import { StandardInput, StandardOutput } from "#host/terminal/standard-streams.ts";
import type { LocalTerminal } from "#runtime/cli/context.ts";
import { runOciCommand } from "#runtime/cli/run-oci-runtime.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";

/** `berth-runtime ARGS…`: the OCI runtime command line. Resolves to the exit code. */
export async function runOciRuntime(argv: readonly string[], version: string): Promise<number> {
  const [stdin, stdout, stderr] = [new StandardInput(), new StandardOutput(1), new StandardOutput(2)];
  const terminal: LocalTerminal = {
    makeRaw: () => stdin.makeRaw(),
    size: () => stdout.windowSize(),
    read: () => stdin.read(),
    write: (bytes) => stdout.write(bytes),
  };
  const exitCode = await runOciCommand(argv, {
    version,
    io: {
      workingDirectory: process.cwd(),
      env: process.env,
      out: (text) => stdout.write(text),
      err: (text) => stderr.write(text),
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
  await Promise.allSettled([stdout.written(), stderr.written()]);
  return exitCode;
}

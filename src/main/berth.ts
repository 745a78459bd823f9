#!/usr/bin/env bun
import { programVersion } from "./build-facts.ts";

/**
 * The one program. Which role it plays is told by the name it is called by, or else by its first word:
 *
 *   berth, docker (any other name)   a person's commands; `berth daemon` is berthd
 *   berthd, dockerd                  the engine
 *   berth-runtime                    the OCI runtime
 *   berth .helper                    a process of the engine's own that unpacks layers
 *
 * A role's modules are loaded when it is played, so that a command starts without the engine's code.
 */
async function main(): Promise<number> {
  const name = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
  const [first, ...rest] = process.argv.slice(2);
  if (first === ".helper") return (await import("./helper.ts")).runHelper();
  if (name === "berth-runtime" || first === ".runtime") {
    const argv = first === ".runtime" ? rest : process.argv.slice(2);
    return (await import("./oci-runtime.ts")).runOciRuntime(argv, programVersion);
  }
  const { runProgram } = await import("./command-line.ts");
  const argv = process.argv.slice(2);
  const isDaemon = name === "berthd" || name === "dockerd";
  return runProgram(
    isDaemon ? "berth" : name === "docker" ? "docker" : "berth",
    isDaemon ? ["daemon", ...argv] : argv,
    programVersion,
  );
}

process.exit(await main());

/**
 * `npm run quickstart`: from a fresh clone to an isolated process, and back. It installs what is missing, builds, starts
 * an engine with a socket and folders of its own, pulls an image from a registry, runs it isolated with limits, shows
 * what the process saw, and takes everything down again.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { mkdirSync, rmSync } from "node:fs";
import { command, mustRun, type CommandResult } from "./lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "./lab/engines.ts";
import { buildImage } from "./lab/image-writer.ts";
import { buildPackages, ensureSystemPackages, type SystemPackage } from "./lab/system-packages.ts";
import { busyboxLayer } from "./lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "./lab/tiny-registry.ts";

const busybox: SystemPackage = {
  name: "busybox-static",
  proof: "busybox",
  purpose: "goes into a small image when no public registry can be reached",
};

/** A public image that is small and always there; tried for a few seconds only. */
const publicImage = "docker.io/library/busybox:latest";
const publicRegistry = "https://registry-1.docker.io/v2/";

let step = 0;
function say(text: string): void {
  step++;
  console.log(`\n[${step}] ${text}`);
}

async function publicRegistryAnswers(): Promise<boolean> {
  try {
    const response = await fetch(publicRegistry, { signal: AbortSignal.timeout(3000) });
    return response.status === 401 || response.ok;
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("Run this as root: containers need namespaces, mounts and cgroups.");

  say("Installing what is missing");
  await ensureSystemPackages(buildPackages);
  console.log("    compiler and headers are there");

  say("Building dist/berth (the C parts, then one executable)");
  await mustRun([process.execPath, "tools/build.ts"], { timeoutMs: 300_000 });

  const dir = join(homedir(), ".local/share/berth-quickstart");
  // What an interrupted earlier run left is of no use.
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });

  let engine: RunningEngine | undefined;
  let registry: TinyRegistry | undefined;
  const cleanUp = async (): Promise<void> => {
    await engine?.stop();
    await registry?.close();
    rmSync(dir, { recursive: true, force: true });
  };
  const interrupted = (): void => {
    void cleanUp().finally(() => process.exit(130));
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  try {
    say("Starting an engine of its own");
    engine = await startBerth({ dir, bridge: "berthqs0", bip: "172.30.255.1/24" });
    console.log(`    socket ${engine.socket}\n    data   ${join(dir, "data")}\n    bridge ${engine.bridge}`);

    let image = publicImage;
    if (await publicRegistryAnswers()) {
      say(`Pulling ${image} from the public registry`);
    } else {
      registry = await startTinyRegistry();
      image = `${registry.address}/busybox:latest`;
      say("No public registry can be reached: serving a real busybox image from a registry on loopback");
      await ensureSystemPackages([busybox]);
      registry.add("busybox", "latest", buildImage({ layers: [await busyboxLayer()], config: { Cmd: ["sh"] } }));
    }
    const berth = async (...args: string[]): Promise<CommandResult> => {
      console.log(`    $ berth ${args.map(quoted).join(" ")}`);
      const result = await command([...berthCommand(), ...args], { env: cliEnvironment(engine?.host ?? "") });
      for (const line of `${result.stdout}${result.stderr}`.trimEnd().split("\n")) console.log(`      ${line}`);
      if (result.code !== 0) throw new Error(`berth ${args[0]} ended with ${result.code}`);
      return result;
    };
    await berth("pull", image);

    say("Running it isolated: own processes, host name, network; 64 MiB of memory, half a processor");
    const look = [
      "echo pid $$",
      "echo host name $(hostname)",
      "echo processes $(ls -d /proc/[0-9]* | wc -l)",
      "echo interfaces $(ls /sys/class/net)",
      "echo memory limit $(cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes) bytes",
    ].join("; ");
    const started = performance.now();
    const seen = await berth(
      "run",
      "--rm",
      "--hostname",
      "boxed",
      "-m",
      "64m",
      "--cpus",
      "0.5",
      image,
      "sh",
      "-c",
      look,
    );
    console.log(`    (whole command: ${Math.round(performance.now() - started)} ms)`);
    for (const fact of ["pid 1\n", "host name boxed\n", "memory limit 67108864 bytes\n"]) {
      if (!seen.stdout.includes(fact)) throw new Error(`the process should have seen: ${fact}`);
    }

    say("Running one in the background, looking at it, stopping it");
    await berth("run", "-d", "--name", "sleeper", image, "sleep", "300");
    await berth("exec", "sleeper", "echo", "hello from inside");
    await berth("ps");
    await berth("rm", "-f", "sleeper");
  } finally {
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
    say("Stopping the engine and removing its socket, data and bridge");
    await cleanUp();
  }

  console.log(`
Done. Berth built itself, started an engine, pulled an image and ran it isolated; nothing is left running.

What to try next:
  npm test                             every test; installs test tools first (about a quarter of an hour)
  dist/berth daemon &                  an engine at the usual place (/run/berth/berth.sock, /var/lib/berth)
  dist/berth run -it --rm IMAGE sh     a shell in a container
  docker -H unix:///run/berth/berth.sock ps     your own docker CLI drives it too
  npm run bench                        figures side by side with Debian's dockerd`);
}

function quoted(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word}'`;
}

await main().catch((error: unknown) => {
  console.error(`\nThe quickstart did not finish: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});

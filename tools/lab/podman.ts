import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { onTerminal, type TerminalProgram } from "./background.ts";
import { command, mustRun, type CommandOptions, type CommandResult } from "./command.ts";
import { extractPackages } from "./extracted-packages.ts";
import { createLibraryNamespace } from "./library-namespace.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { removeCgroups } from "./remove-cgroups.ts";

/** Debian's podman with its monitor, network helper and crun, unpacked into the cache. */
export function podmanDir(): Promise<string> {
  return extractPackages("podman", [
    ...["podman", "conmon", "crun", "netavark", "aardvark-dns"],
    ...["golang-github-containers-common", "golang-github-containers-image"],
    ...["libgpgme11", "libassuan0", "libyajl2", "libsubid4", "libdevmapper1.02.1", "libostree-1-1", "libglib2.0-0"],
  ]);
}

/** podman with folders and a mount namespace of its own, and one OCI runtime. */
export interface Podman {
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Throws unless the code is 0; gives standard output. */
  ok(args: readonly string[], options?: CommandOptions): Promise<string>;
  terminal(args: readonly string[], rows?: number, columns?: number): TerminalProgram;
  /** Remove its containers, mounts and folders. */
  close(): Promise<void>;
}

/**
 * `dir`: an existing scratch folder. `runtime`: path of the OCI runtime's program. Without a `network` it is in the machine's,
 * and may not make networks: their rules would stay.
 */
export async function openPodman(dir: string, runtime: string, network?: NetworkNamespace): Promise<Podman> {
  const root = await podmanDir();
  const libraries = await createLibraryNamespace(root);
  const home = join(dir, "home");
  mkdirSync(join(home, "containers"), { recursive: true });
  const files = {
    config: join(dir, "containers.conf"),
    storage: join(dir, "storage.conf"),
    policy: join(home, "containers/policy.json"),
  };
  writeFileSync(files.config, configuration(root, dir, runtime));
  writeFileSync(
    files.storage,
    `[storage]\ndriver = "overlay"\ngraphroot = "${join(dir, "graph")}"\nrunroot = "${join(dir, "run")}"\n`,
  );
  writeFileSync(files.policy, '{ "default": [{ "type": "insecureAcceptAnything" }] }\n');
  const env = {
    PATH: [join(root, "usr/bin"), process.env["PATH"] ?? "/usr/bin:/bin", "/usr/sbin", "/sbin"].join(delimiter),
    CONTAINERS_CONF: files.config,
    CONTAINERS_STORAGE_CONF: files.storage,
    XDG_CONFIG_HOME: home,
  };
  const program = [...(network?.enter ?? []), ...libraries.enter, join(root, "usr/bin/podman")];
  return {
    run: (args, options = {}) => command([...program, ...args], { timeoutMs: 120_000, ...options, env }),
    ok: (args, options = {}) => mustRun([...program, ...args], { timeoutMs: 120_000, ...options, env }),
    terminal: (args, rows, columns) => onTerminal([...program, ...args], env, rows, columns),
    async close() {
      await mustRun([...program, "rm", "-af", "-t", "0"], { env, timeoutMs: 120_000 });
      await libraries.close();
      removeCgroups(["libpod_parent/conmon", "libpod_parent"]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function configuration(root: string, dir: string, runtime: string): string {
  const limits = [`nofile=${ownLimit("Max open files")}`, `nproc=${ownLimit("Max processes")}`];
  return `[containers]
log_driver = "k8s-file"
default_ulimits = ${JSON.stringify(limits)}
[network]
network_backend = "netavark"
network_config_dir = "${join(dir, "networks")}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["${join(root, "usr/bin/conmon")}"]
helper_binaries_dir = ["${join(root, "usr/lib/podman")}"]
runtime = "lab"
tmp_dir = "${join(dir, "tmp")}"
[engine.runtimes]
lab = ["${runtime}"]
`;
}

/**
 * The limits this process has, as `soft:hard`: podman's own defaults are higher than a process without CAP_SYS_RESOURCE may
 * ask for where the machine's are lower. `title`: of the row in proc_pid_limits(5).
 */
function ownLimit(title: string): string {
  const row = new RegExp(`^${title} +(\\d+|unlimited) +(\\d+|unlimited)`, "m").exec(
    readFileSync("/proc/self/limits", "utf8"),
  );
  if (row === null) throw new Error(`/proc/self/limits has no ${title}`);
  return [row[1], row[2]].map((value) => (value === "unlimited" ? "-1" : value)).join(":");
}

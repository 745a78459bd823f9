import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthCommand, referenceDir } from "./engines.ts";
import { podmanDir } from "./podman.ts";

/** Programs in `dir` that start Debian's runc and crun, from the cache, and our own runtime. */
export async function foreignRuntimes(dir: string): Promise<Readonly<Record<"debian-runc" | "crun" | "own", string>>> {
  const [docker, podman] = await Promise.all([referenceDir(), podmanDir()]);
  const [program = "", ...words] = berthCommand();
  const script = (name: string, line: string): string => {
    const path = join(dir, name);
    writeFileSync(path, `#!/bin/sh\n${line} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const libraries = join(podman, "usr/lib", process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
  return {
    "debian-runc": join(docker, "usr/sbin/runc"),
    // Linked to a library that is nowhere else. It refuses a machine with both versions of cgroups in use.
    crun: script(
      "crun",
      `export LD_LIBRARY_PATH=${libraries}; exec unshare -m --propagation unchanged sh -c '
  mount --make-private /sys/fs/cgroup 2>/dev/null && umount /sys/fs/cgroup/unified 2>/dev/null
  exec "$@"' sh ${join(podman, "usr/bin/crun")}`,
    ),
    own: script("berth-runtime", `exec ${[program, ...words].join(" ")} .runtime`),
  };
}

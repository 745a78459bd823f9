import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { aptSuite } from "./apt-suite.ts";
import { extractPackages } from "./extracted-packages.ts";

/**
 * The command line of docker 26.1 with buildx, unpacked, and what its environment needs to find the plugin, whose folder is
 * made in `scratch`: `docker build` is BuildKit's then.
 */
export async function dockerWithBuildx(
  scratch: string,
): Promise<{ readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
  const packages = await extractPackages("buildx", ["docker-cli", "docker-buildx"], await aptSuite("trixie"));
  const config = join(scratch, "config");
  const plugin = join(config, "cli-plugins/docker-buildx");
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  rmSync(plugin, { force: true });
  symlinkSync(join(packages, "usr/libexec/docker/cli-plugins/docker-buildx"), plugin);
  return { argv: [join(packages, "usr/bin/docker")], env: { DOCKER_CONFIG: config, DOCKER_BUILDKIT: "1" } };
}

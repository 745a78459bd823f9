import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "../lab/command.ts";
import { cacheDir, findProgram, projectDir } from "../lab/paths.ts";

const suiteModule = "github.com/opencontainers/runtime-tools";
const suiteVersion = "v0.9.0";

export interface Suite {
  /** Working directory of the tests: they look for `runtimetest` and the root's archive here. */
  readonly directory: string;
  /** Executables of the tests, by name. */
  readonly tests: ReadonlyMap<string, string>;
}

/**
 * The OCI runtime validation tests of opencontainers/runtime-tools, from the Go module proxy, compiled into the cache with
 * the pinned modules of go.mod.txt (the release has no go.mod of its own). Needs Go; fetched and built once.
 */
export async function buildSuite(): Promise<Suite> {
  const home = join(cacheDir("oci-validation"), suiteVersion);
  if (!existsSync(home)) {
    const work = `${home}.partial`;
    await discard(work);
    await compile(work);
    renameSync(work, home);
  }
  const names = readdirSync(join(home, "tests")).toSorted();
  return { directory: home, tests: new Map(names.map((name) => [name, join(home, "tests", name)])) };
}

async function compile(work: string): Promise<void> {
  const go = findProgram("go") ?? (existsSync("/usr/local/go/bin/go") ? "/usr/local/go/bin/go" : undefined);
  if (go === undefined) throw new Error("the OCI validation tests need Go to be built (https://go.dev/dl)");
  const source = join(work, "source");
  const env = { GOPATH: join(work, "go"), GOFLAGS: "-mod=mod -modcacherw", CGO_ENABLED: "0", GOTOOLCHAIN: "local" };
  mkdirSync(work, { recursive: true });
  console.log(`Fetching and compiling ${suiteModule} ${suiteVersion}`);
  const fetched = JSON.parse(
    await mustRun([go, "mod", "download", "-json", `${suiteModule}@${suiteVersion}`], { cwd: work, env }),
  ) as { readonly Dir: string };
  cpSync(fetched.Dir, source, { recursive: true });
  await mustRun(["chmod", "-R", "u+w", source]);
  for (const name of ["go.mod", "go.sum"])
    copyFileSync(join(projectDir, "tools/oci-validation", `${name}.txt`), join(source, name));
  const build = (target: string, folder: string): Promise<string> =>
    mustRun([go, "build", "-o", target, folder], { cwd: source, env, timeoutMs: 600_000 });
  for (const entry of readdirSync(join(source, "validation"), { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== "util")
      await build(join(work, "tests", entry.name), `./validation/${entry.name}`);
  }
  await build(join(work, "runtimetest"), "./cmd/runtimetest");
  const root = `rootfs-${process.arch === "x64" ? "amd64" : process.arch}.tar.gz`;
  copyFileSync(join(source, root), join(work, root));
  chmodSync(join(work, root), 0o644);
  rmSync(source, { recursive: true });
  rmSync(join(work, "go"), { recursive: true });
}

async function discard(path: string): Promise<void> {
  if (existsSync(path)) await command(["chmod", "-R", "u+w", path]);
  rmSync(path, { recursive: true, force: true });
}

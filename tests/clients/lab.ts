import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry } from "../../tools/lab/debian-registry.ts";
import { dockerCli, cliEnvironment, startBerth, startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import { createNetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { cacheDir, projectDir } from "../../tools/lab/paths.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";

const sourceDir = join(projectDir, "tests/clients");

/** What a client's program says of one of its cases. */
export interface CaseLine {
  readonly case: string;
  readonly ok: boolean;
  readonly error: string;
  readonly ms: number;
}

export interface ClientProgram {
  readonly name: string;
  readonly argv: readonly string[];
}

export const clientPrograms: readonly ClientProgram[] = [
  { name: "dockerode", argv: ["node", join(sourceDir, "dockerode.mjs")] },
  { name: "testcontainers", argv: ["node", join(sourceDir, "testcontainers.mjs")] },
  { name: "docker-py", argv: ["python3", join(sourceDir, "docker_py.py")] },
];

/** An engine in a private network, and how to run a client's program beside it. */
export interface ClientSide {
  readonly engine: RunningEngine;
  run(program: ClientProgram): Promise<readonly CaseLine[]>;
}

/**
 * Install the clients into the cache, at the versions that the lock and requirements.txt name. Does nothing when they
 * are there.
 */
export async function installClients(): Promise<{ readonly node: string; readonly python: string }> {
  const dir = cacheDir("clients");
  const wanted = ["package-lock.json", "requirements.txt"]
    .map((name) => readFileSync(join(sourceDir, name), "utf8"))
    .join();
  const stamp = join(dir, "installed");
  const python = join(dir, "python");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(sourceDir, name), join(dir, name));
    // The packages' own scripts only build accelerators that the tests do not need.
    await mustRun(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: dir, timeoutMs: 900_000 });
    const requirements = join(sourceDir, "requirements.txt");
    const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", python, "-r", requirements];
    await mustRun(["python3", ...pip], { timeoutMs: 900_000 });
    writeFileSync(stamp, wanted);
  }
  return { node: dir, python };
}

/** Start both engines, each in a private network with a registry at the same address, and busybox in them. */
export async function openClientSides(
  kinds: readonly RunningEngine["kind"][],
): Promise<{ readonly sides: readonly ClientSide[]; close(): Promise<void> }> {
  const modules = await installClients();
  const scratch = makeScratch("clients");
  const closers: (() => Promise<void>)[] = [async () => removeScratch(scratch)];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer().catch((error: unknown) => console.error(error));
  };
  try {
    const port = await freePort();
    const storage = join(scratch, "registry");
    const seed = await startDebianRegistry({ dir: scratch, storage, port });
    await pushImage(seed.address, "busybox", "latest", await busyboxImage());
    await seed.stop();
    const docker = await dockerCli();
    const sides: ClientSide[] = [];
    for (const kind of kinds) {
      const dir = join(scratch, kind);
      mkdirSync(dir);
      const network = await createNetworkNamespace();
      closers.push(() => network.close());
      const registry = await startDebianRegistry({ dir, storage, port, network });
      closers.push(() => registry.stop());
      const start = kind === "berth" ? startBerth : startDockerd;
      const engine = await start({ dir, bridge: `bcl${kind}0`, bip: "172.31.246.1/24", network });
      closers.push(() => engine.stop());
      const env = cliEnvironment(engine.host);
      const reference = `${registry.address}/busybox:latest`;
      await mustRun([docker, "pull", "-q", reference], { env });
      await mustRun([docker, "tag", reference, "busybox:latest"], { env });
      sides.push({
        engine,
        run: (program) =>
          runProgram([...network.enter, ...program.argv], {
            ...env,
            CLIENT_IMAGE: "busybox:latest",
            CLIENT_PULL: reference,
            CLIENT_MODULES: modules.node,
            PYTHONPATH: modules.python,
            TESTCONTAINERS_RYUK_DISABLED: "true",
          }),
      });
    }
    return { sides, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function runProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly CaseLine[]> {
  const { code, stdout, stderr } = await command(argv, { env, timeoutMs: 500_000 });
  const lines = stdout.split("\n").filter((line) => line.startsWith('{"case"'));
  if (code !== 0 || lines.length === 0) throw new Error(`${argv.join(" ")} ended with ${code}\n${stdout}${stderr}`);
  if (process.env["CLIENT_TRACE"] !== undefined) console.error(stderr);
  return lines.map((line) => JSON.parse(line) as CaseLine);
}

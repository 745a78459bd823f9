import { join } from "node:path";
import { command } from "./command.ts";
import { startDaemon, type DaemonProcess } from "./daemon-process.ts";
import { freePort } from "./debian-registry.ts";
import { berthCommand } from "./engines.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** Our registry on loopback. */
export interface RunningBerthRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly root: string;
  readonly daemon: DaemonProcess;
  /** Run `berth registry WORDS --root …` and give what it printed. */
  admin(words: readonly string[], stdin?: string): Promise<string>;
}

/** Start `berth registry serve` below the existing folder `dir`. May be called again on the same one after a kill. */
export async function startBerthRegistry(options: {
  readonly dir: string;
  readonly args?: readonly string[];
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Run it inside this network instead of the machine's. */
  readonly network?: NetworkNamespace;
}): Promise<RunningBerthRegistry> {
  const port = options.port ?? (await freePort());
  const root = join(options.dir, "berth-registry");
  const address = `127.0.0.1:${port}`;
  const enter = options.network?.enter ?? [];
  const daemon = await startDaemon({
    argv: [
      ...enter,
      ...berthCommand(),
      "registry",
      "serve",
      "--addr",
      address,
      "--root",
      root,
      ...(options.args ?? []),
    ],
    ...(options.env === undefined ? {} : { env: options.env }),
    logPath: join(options.dir, "berth-registry.log"),
    ready: async () => (await command([...enter, "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`])).code === 0,
  });
  return { address, root, daemon, admin: (words, stdin) => administer(root, words, stdin) };
}

/** `berth registry WORDS` on the registry in `root`, whether it serves or not. Throws unless the code is 0. */
export async function administer(root: string, words: readonly string[], stdin?: string): Promise<string> {
  const argv = [...berthCommand(), "registry", ...words, "--root", root];
  const result = await command(argv, stdin === undefined ? {} : { stdin });
  if (result.code !== 0) throw new Error(`${argv.join(" ")}: ${result.code}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

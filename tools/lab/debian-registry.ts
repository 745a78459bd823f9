import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { command } from "./command.ts";
import { startDaemon, type DaemonProcess } from "./daemon-process.ts";
import { extractPackages } from "./extracted-packages.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** Debian's docker-registry (the distribution project's server) on loopback. */
export interface RunningRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly daemon: DaemonProcess;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Existing scratch folder for configuration and storage. Two registries may share one `storage`. */
  readonly dir: string;
  readonly storage?: string;
  readonly port?: number;
  /** Run it inside this network instead of the machine's. */
  readonly network?: NetworkNamespace;
  /** An htpasswd line (bcrypt) makes it ask for Basic authentication. */
  readonly htpasswd?: string;
  /** PEM files; with `clientAuthority` it admits only clients whose certificate that one signed. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientAuthority?: string };
}

/** Debian's docker-registry, unpacked into the cache. */
export function debianRegistryDir(): Promise<string> {
  return extractPackages("registry", ["docker-registry"]);
}

export async function startDebianRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const root = await debianRegistryDir();
  const port = options.port ?? (await freePort());
  const storage = options.storage ?? join(options.dir, "registry");
  mkdirSync(storage, { recursive: true });
  const label = `registry-${port}${options.network === undefined ? "" : "-private"}`;
  const config = join(options.dir, `${label}.yml`);
  const auth: string[] = [];
  if (options.htpasswd !== undefined) {
    const file = join(options.dir, `${label}.htpasswd`);
    writeFileSync(file, `${options.htpasswd}\n`);
    auth.push("auth:", "  htpasswd:", "    realm: lab", `    path: ${file}`);
  }
  const tls: string[] = [];
  if (options.tls !== undefined) {
    const { certificate, key, clientAuthority } = options.tls;
    tls.push("  tls:", `    certificate: ${certificate}`, `    key: ${key}`);
    if (clientAuthority !== undefined) tls.push("    clientcas:", `      - ${clientAuthority}`);
  }
  writeFileSync(
    config,
    [
      "version: 0.1",
      "log: {level: warn}",
      "storage:",
      `  filesystem: {rootdirectory: ${storage}}`,
      "  delete: {enabled: true}",
      "http:",
      `  addr: "127.0.0.1:${port}"`,
      ...tls,
      ...auth,
      "",
    ].join("\n"),
  );
  const address = `127.0.0.1:${port}`;
  const enter = options.network?.enter ?? [];
  const daemon = await startDaemon({
    argv: [...enter, join(root, "usr/bin/docker-registry"), "serve", config],
    logPath: join(options.dir, `${label}.log`),
    ready: async () => {
      const probe = [...enter, "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`];
      return (await command(probe)).code === 0;
    },
  });
  return { address, daemon, stop: () => daemon.stop() };
}

/** The kernel lets connections begin from 32768 and up (ip_local_port_range). */
const servedPorts = { first: 10_000, count: 20_000 };

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, and none that a connection may begin from: one might have it when a
 * server comes back to it, and who tries whether a server is back might find itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = servedPorts.first + Math.floor(Math.random() * servedPorts.count);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually, mustRun } from "./command.ts";
import { freePort } from "./debian-registry.ts";
import { extractPackages } from "./extracted-packages.ts";

/** Debian's sshd, unpacked into the cache. */
export function opensshServerDir(): Promise<string> {
  return extractPackages("openssh-server", ["openssh-server", "libwrap0"]);
}

/** Resolves when something listens at the port of localhost. */
export async function listening(what: string, port: number): Promise<void> {
  await eventually(
    `${what} listens`,
    () =>
      new Promise<true | undefined>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => {
          socket.destroy();
          resolve(true);
        });
        socket.on("error", () => resolve(undefined));
      }),
  );
}

export interface SshServer {
  readonly port: number;
  /** Private key of who may come in as root. */
  readonly userKey: string;
  /** The line of known_hosts for it. */
  readonly knownHost: string;
  stop(): Promise<void>;
}

/**
 * OpenSSH's server at a free port of localhost; it sees an /etc and a /run of its own. Its files go into `folder`, which is
 * made. `environment` is what the commands that it runs get besides.
 */
export async function startSshServer(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SshServer> {
  const root = await opensshServerDir();
  const port = await freePort();
  const etc = join(folder, "etc");
  mkdirSync(etc, { recursive: true });
  const users = readFileSync("/etc/passwd", "utf8").replace(/^sshd:.*\n/m, "");
  writeFileSync(join(etc, "passwd"), `${users}sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n`);
  writeFileSync(join(etc, "shadow"), "root:*:19000:0:99999:7:::\n");
  for (const name of ["host", "user"])
    await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  const options = {
    ...{ Port: port, ListenAddress: "127.0.0.1", HostKey: join(folder, "host") },
    ...{ AuthorizedKeysFile: join(folder, "user.pub"), PidFile: "none" },
    ...{ StrictModes: "no", UsePAM: "no", PermitRootLogin: "prohibit-password" },
    ...{ PasswordAuthentication: "no", KbdInteractiveAuthentication: "no" },
  };
  const lines = Object.entries(options).map(([name, value]) => `${name} ${value}\n`);
  const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const setLine = set.length === 0 ? "" : `SetEnv ${set.join(" ")}\n`;
  writeFileSync(join(folder, "config"), lines.join("") + setLine);
  const script = [
    `mount -t overlay -o lowerdir=${etc}:/etc etc /etc`,
    "mount -t tmpfs -o mode=755 tmpfs /run",
    "mkdir /run/sshd",
    `exec env LD_LIBRARY_PATH=$(echo ${root}/usr/lib/*-linux-gnu) ${root}/usr/sbin/sshd -D -e -f ${folder}/config`,
  ].join(" && ");
  const child = Bun.spawn(["unshare", "-m", "sh", "-c", script], { stdout: "ignore", stderr: "ignore" });
  await listening("sshd", port);
  const [type = "", key = ""] = readFileSync(join(folder, "host.pub"), "utf8").split(" ");
  return {
    port,
    userKey: join(folder, "user"),
    knownHost: `[127.0.0.1]:${port} ${type} ${key}\n`,
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

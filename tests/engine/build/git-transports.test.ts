/** Builds from git by git's own protocol and by ssh, with git-daemon(1), sshd(8) and ssh-agent(1). */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually, mustRun } from "../../../tools/lab/command.ts";
import { freePort } from "../../../tools/lab/debian-registry.ts";
import { opensshServerDir } from "../../../tools/lab/openssh.ts";
import { BuildLab } from "./build-lab.ts";
import { startGitLab, type GitLab } from "./git-server.ts";

setDefaultTimeout(60_000);

let lab: BuildLab;
let git: GitLab;
let folder = "";
const children: Bun.Subprocess[] = [];

beforeAll(async () => {
  lab = await BuildLab.open("bbldg", "172.31.221.1/24");
  folder = join(lab.engine.dir, "git");
  git = await startGitLab(folder);
  await git.commit({ Dockerfile: "FROM busybox\nCOPY . /src\n", word: "one\n", "deep/word": "deep\n" });
  await git.git("tag", "v1");
  await git.commit({ word: "two\n" });
}, 240_000);
afterAll(async () => {
  for (const child of children) {
    child.kill();
    await child.exited;
  }
  await git.stop();
  await lab.close();
});

/** Start a server, and wait until it listens. */
async function serve(port: number, argv: readonly string[]): Promise<void> {
  children.push(Bun.spawn([...argv], { stdout: "ignore", stderr: "ignore" }));
  await eventually(
    `${argv.join(" ")} listens`,
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

const built = async (args: readonly string[], ...words: readonly string[]): Promise<string> =>
  lab.runIn((await lab.engine.ok("build", "-q", ...args)).trim(), ...words);

test("git's own protocol: context, ADD, a named context; a repository that is not there", async () => {
  const port = await freePort();
  const base = [`--base-path=${folder}`, "--export-all", "--reuseaddr", "--listen=127.0.0.1", `--port=${port}`];
  await serve(port, ["git", "daemon", ...base]);
  const url = `git://127.0.0.1:${port}/repo.git`;
  expect(await built([url], "cat", "/src/word")).toBe("two\n");
  expect(await built([`${url}#v1`], "cat", "/src/word")).toBe("one\n");
  const dockerfile = `FROM busybox\nADD ${url}#v1:deep /deep\nCOPY --from=named word /word\n`;
  const args = ["--build-context", `named=${url}`, lab.context({ Dockerfile: dockerfile })];
  expect(await built(args, "cat", "/deep/word", "/word")).toBe("deep\ntwo\n");
  const classic = await lab.docker("build", "-q", `${url}#v1`);
  expect(await lab.runIn(classic.stdout.trim(), "cat", "/src/word")).toBe("one\n");
  const missing = await lab.engine.run("build", `git://127.0.0.1:${port}/other.git`);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("git ls-remote failed")]);
});

test("ssh with an agent's key: context, ADD, a named context; none without it", async () => {
  const port = await startSshd();
  const agent = await startAgent();
  const url = `ssh://root@127.0.0.1:${port}${folder}/repo.git`;
  const ssh = ["--ssh", `default=${agent}`];
  expect(await built([...ssh, url], "cat", "/src/word")).toBe("two\n");
  expect(await built([...ssh, `${url}#v1`], "cat", "/src/word")).toBe("one\n");
  const dockerfile = `FROM busybox\nADD ${url}#v1:deep /deep\nCOPY --from=named word /word\n`;
  const args = [...ssh, "--build-context", `named=${url}`, lab.context({ Dockerfile: dockerfile })];
  expect(await built(args, "cat", "/deep/word", "/word")).toBe("deep\ntwo\n");
  const without = await lab.engine.run("build", `${url}#main`);
  expect([without.code, without.stderr]).toEqual([1, expect.stringContaining("Permission denied (publickey)")]);
});

/** OpenSSH's server, unpacked; it sees an /etc and a /run of its own. */
async function startSshd(): Promise<number> {
  const root = await opensshServerDir();
  const own = join(lab.engine.dir, "sshd");
  const etc = join(own, "etc");
  mkdirSync(etc, { recursive: true });
  const users = readFileSync("/etc/passwd", "utf8").replace(/^sshd:.*\n/m, "");
  writeFileSync(join(etc, "passwd"), `${users}sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n`);
  writeFileSync(join(etc, "shadow"), "root:*:19000:0:99999:7:::\n");
  for (const name of ["host", "user"])
    await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(own, name)]);
  const port = await freePort();
  const options = {
    ...{
      Port: port,
      ListenAddress: "127.0.0.1",
      HostKey: join(own, "host"),
      AuthorizedKeysFile: join(own, "user.pub"),
    },
    ...{ StrictModes: "no", UsePAM: "no", PermitRootLogin: "prohibit-password", PidFile: "none" },
    ...{ PasswordAuthentication: "no", KbdInteractiveAuthentication: "no" },
  };
  const lines = Object.entries(options).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(join(own, "config"), lines.join(""));
  const script = [
    `mount -t overlay -o lowerdir=${etc}:/etc etc /etc`,
    "mount -t tmpfs -o mode=755 tmpfs /run",
    "mkdir /run/sshd",
    `exec env LD_LIBRARY_PATH=$(echo ${root}/usr/lib/*-linux-gnu) ${root}/usr/sbin/sshd -D -e -f ${own}/config`,
  ].join(" && ");
  await serve(port, ["unshare", "-m", "sh", "-c", script]);
  return port;
}

/** The socket of an agent that has the user's key. */
async function startAgent(): Promise<string> {
  const socket = join(lab.engine.dir, "agent.sock");
  children.push(Bun.spawn(["ssh-agent", "-D", "-a", socket], { stdout: "ignore", stderr: "ignore" }));
  await eventually("the agent is there", () => (existsSync(socket) ? true : undefined));
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  await mustRun(["ssh-add", "-q", join(lab.engine.dir, "sshd/user")], { env });
  return socket;
}

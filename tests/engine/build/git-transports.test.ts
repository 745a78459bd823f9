/** Builds from git by git's own protocol and by ssh, with git-daemon(1), sshd(8) and ssh-agent(1). */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { eventually, mustRun } from "../../../tools/lab/command.ts";
import { freePort } from "../../../tools/lab/debian-registry.ts";
import { listening, startSshServer, type SshServer } from "../../../tools/lab/openssh.ts";
import { BuildLab } from "./build-lab.ts";
import { startGitLab, type GitLab } from "./git-server.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
let git: GitLab;
let sshd: SshServer;
let folder = "";
const children: Bun.Subprocess[] = [];

beforeAll(async () => {
  lab = await BuildLab.open("bbldg", "172.31.221.1/24");
  folder = join(lab.engine.dir, "git");
  git = await startGitLab(folder);
  await git.commit({ Dockerfile: "FROM busybox\nCOPY . /src\n", word: "one\n", "deep/word": "deep\n" });
  await git.git("tag", "v1");
  await git.commit({ word: "two\n" });
  sshd = await startSshServer(join(lab.engine.dir, "sshd"));
}, 240_000);
afterAll(async () => {
  for (const child of children) {
    child.kill();
    await child.exited;
  }
  await sshd.stop();
  await git.stop();
  await lab.close();
});

/** Start a server, and wait until it listens. */
async function serve(port: number, argv: readonly string[]): Promise<void> {
  children.push(Bun.spawn([...argv], { stdout: "ignore", stderr: "ignore" }));
  await listening(argv.join(" "), port);
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
  const { port } = sshd;
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

/** The socket of an agent that has the user's key. */
async function startAgent(): Promise<string> {
  const socket = join(lab.engine.dir, "agent.sock");
  children.push(Bun.spawn(["ssh-agent", "-D", "-a", socket], { stdout: "ignore", stderr: "ignore" }));
  await eventually("the agent is there", () => (existsSync(socket) ? true : undefined));
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  await mustRun(["ssh-add", "-q", sshd.userKey], { env });
  return socket;
}

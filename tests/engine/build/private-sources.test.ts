/** Images, repositories and files that are not for everybody: by whose accounts a build may take them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry, type RunningBerthRegistry } from "../../../tools/lab/berth-registry.ts";
import { command, mustRun, type CommandResult } from "../../../tools/lab/command.ts";
import { berthCommand, dockerCli } from "../../../tools/lab/engines.ts";
import { BuildLab } from "./build-lab.ts";
import { startGitLab, type GitLab } from "./git-server.ts";

setDefaultTimeout(180_000);

const TOKEN = "t0ken-of-the-test";
const basic = (account: string): string => `Basic ${btoa(account)}`;

let lab: BuildLab;
let registry: RunningBerthRegistry;
let git: GitLab;
let web: ReturnType<typeof Bun.serve>;
/** Folders with a config.json: of somebody with an account, of somebody with a wrong password, of nobody. */
const configs: Record<"ann" | "wrong" | "nobody", string> = { ann: "", wrong: "", nobody: "" };

beforeAll(async () => {
  lab = await BuildLab.open("bbldp", "172.31.218.1/24");
  const { dir } = lab.engine;
  const hash = await Bun.password.hash("correct horse", { algorithm: "bcrypt", cost: 5 });
  writeFileSync(join(dir, "htpasswd"), `ann:${hash}\n`);
  registry = await startBerthRegistry({ dir, args: ["--htpasswd", join(dir, "htpasswd")] });
  for (const [name, auth] of [
    ["ann", "ann:correct horse"],
    ["wrong", "ann:wrong horse"],
    ["nobody", ""],
  ] as const) {
    configs[name] = join(dir, `config-${name}`);
    mkdirSync(configs[name]);
    const auths = auth === "" ? {} : { [registry.address]: { auth: btoa(auth) } };
    writeFileSync(join(configs[name], "config.json"), JSON.stringify({ auths }));
  }
  await lab.engine.ok("tag", "busybox", image());
  await mustRun([...berthCommand(), "push", "-q", image()], { env: environment("ann") });
  await forget();
  git = await startGitLab(join(dir, "git"), basic(`x-access-token:${TOKEN}`).replace("Basic", "basic"));
  await git.commit({ Dockerfile: "FROM busybox\nCOPY . /src\n", word: "private\n" });
  web = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      request.headers.get("authorization") === `Bearer ${TOKEN}`
        ? new Response("for some\n")
        : new Response("not you", { status: 403 }),
  });
}, 180_000);
afterAll(async () => {
  await web?.stop(true);
  await git?.stop();
  await registry?.daemon.stop();
  await lab?.close();
});

const image = (): string => `${registry.address}/private/base:latest`;
const forget = (): Promise<unknown> => lab.engine.run("rmi", "-f", image());
const environment = (whose: keyof typeof configs): Record<string, string | undefined> => ({
  ...lab.environment(),
  DOCKER_CONFIG: configs[whose],
  DOCKER_BUILDKIT: "0",
});

const doors: readonly [string, (args: readonly string[], whose: keyof typeof configs) => Promise<CommandResult>][] = [
  ["berth build", (args, whose) => command([...berthCommand(), "build", ...args], { env: environment(whose) })],
  [
    "docker build, classic",
    async (args, whose) => command([await dockerCli(), "build", ...args], { env: environment(whose) }),
  ],
];

test.each(doors)("%s: a base and a stage of a registry with accounts", async (_, build) => {
  const base = lab.context({ Dockerfile: `FROM ${image()}\nRUN echo built > /built\n` });
  const copied = lab.context({ Dockerfile: `FROM scratch\nCOPY --from=${image()} /bin/busybox /copied\n` });
  for (const folder of [base, copied]) {
    for (const whose of ["nobody", "wrong"] as const) {
      const refused = await build(["-q", folder], whose);
      expect([whose, refused.code, refused.stderr]).toEqual([
        whose,
        1,
        expect.stringMatching(/no basic auth credentials|unauthorized|authentication required/),
      ]);
    }
    const done = await build(["-q", "--no-cache", folder], "ann");
    expect(done).toMatchObject({ code: 0 });
    // What is here needs no account, until a newer one is asked for.
    expect(await build(["-q", folder], "nobody")).toMatchObject({ code: 0 });
    expect(await build(["-q", "--pull", folder], "nobody")).toMatchObject({ code: 1 });
    expect(await build(["-q", "--pull", folder], "ann")).toMatchObject({ code: 0 });
    await lab.engine.run("rmi", "-f", done.stdout.trim());
    await forget();
  }
});

test("POST /build: X-Registry-Config names accounts by host", async () => {
  const folder = lab.context({ Dockerfile: `FROM ${image()}\nENV a=b\n` });
  await mustRun(["tar", "-C", folder, "-cf", `${folder}.tar`, "."]);
  const answer = async (auths: unknown): Promise<string> => {
    const response = await fetch("http://engine/build?q=1", {
      unix: lab.engine.host.replace("unix://", ""),
      method: "POST",
      headers: {
        "content-type": "application/x-tar",
        "x-registry-config": Buffer.from(JSON.stringify(auths)).toString("base64url"),
      },
      body: readFileSync(`${folder}.tar`),
    });
    const text = await response.text();
    await forget();
    return `${response.status} ${text}`;
  };
  const ann = { username: "ann", password: "correct horse" };
  expect(await answer({ [registry.address]: ann })).toMatch(/^200 \{"stream":"sha256:[0-9a-f]{64}\\n"\}/);
  for (const others of [{}, { "elsewhere.example": ann }, { [registry.address]: { ...ann, password: "wrong" } }])
    expect(await answer(others)).toMatch(/no basic auth credentials|unauthorized|authentication required/);
});

test("repositories and web addresses by the secrets that BuildKit knows for them", async () => {
  const token = join(lab.context({ token: `${TOKEN}\n` }), "token");
  const secret = (id: string): readonly string[] => ["--secret", `id=${id},src=${token}`];
  const host = (url: string): string => new URL(url).host;
  const page = `http://127.0.0.1:${web.port}/file`;
  const repository = lab.context({ Dockerfile: `FROM busybox\nADD ${git.httpUrl} /src\n` });
  const file = lab.context({ Dockerfile: `FROM busybox\nADD ${page} /src/word\n` });
  const built = async (folder: string, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await lab.engine.run("build", "-q", "--no-cache", ...args, folder);
    return code === 0 ? lab.runIn(stdout.trim(), "cat", "/src/word") : stderr;
  };
  expect(await built(git.httpUrl)).toMatch(/git ls-remote failed/);
  expect(await built(git.httpUrl, ...secret("GIT_AUTH_TOKEN"))).toBe("private\n");
  expect(await built(repository, ...secret(`GIT_AUTH_TOKEN.${host(git.httpUrl)}`))).toBe("private\n");
  expect(await built(repository, ...secret("GIT_AUTH_TOKEN.elsewhere.example"))).toMatch(/git ls-remote failed/);
  expect(await built(file)).toContain("the server answered with status 403");
  expect(await built(file, ...secret(`HTTP_AUTH_TOKEN_${host(page)}`))).toBe("for some\n");
  expect(await lab.engine.ok("builder", "history", "logs")).not.toContain(TOKEN);
});

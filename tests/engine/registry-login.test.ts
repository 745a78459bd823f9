/**
 * Our registry with TLS and an htpasswd file, and one open to all: docker 26.1, buildah and skopeo sign in, push and pull,
 * and the registries tell of every digest that the client was told.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildahDir } from "../../tools/lab/buildah.ts";
import { laterDockerDir } from "../../tools/lab/apt-suite.ts";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { cliEnvironment, dockerCli, startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import type { BuiltImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { makeCertificates } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let dir = "";
let open: RunningBerthRegistry;
let closed: RunningBerthRegistry;
let image: BuiltImage;

beforeAll(async () => {
  dir = makeScratch("registry-login");
  for (const name of ["open", "closed", "certs", "trust"]) mkdirSync(join(dir, name));
  await makeCertificates(join(dir, "certs"));
  copyFileSync(join(dir, "certs/ca.pem"), join(dir, "trust/ca.crt"));
  const hash = await Bun.password.hash("correct horse", { algorithm: "bcrypt", cost: 5 });
  writeFileSync(join(dir, "htpasswd"), `ann:${hash}\n`);
  open = await startBerthRegistry({ dir: join(dir, "open") });
  closed = await startBerthRegistry({
    dir: join(dir, "closed"),
    args: [
      ...["--tls-cert", `${dir}/certs/server-cert.pem`, "--tls-key", `${dir}/certs/server-key.pem`],
      ...["--htpasswd", join(dir, "htpasswd")],
    ],
  });
  image = await busyboxImage("docker");
  await pushImage(open.address, "busybox", "latest", image);
});

afterAll(async () => {
  await open?.daemon.stop();
  await closed?.daemon.stop();
  removeScratch(dir);
});

/** What the tag points to, or the status of the refusal. */
async function digestIn(registry: RunningBerthRegistry, name: string, credentials = "ann:correct horse") {
  const answer = await fetch(
    `${registry === closed ? "https" : "http"}://${registry.address}/v2/${name}/manifests/latest`,
    {
      method: "HEAD",
      tls: { rejectUnauthorized: false },
      headers: credentials === "" ? {} : { Authorization: `Basic ${btoa(credentials)}` },
    },
  );
  return answer.status === 200 ? answer.headers.get("docker-content-digest") : String(answer.status);
}

describe("docker 26.1", () => {
  let dockerd: RunningEngine;

  beforeAll(async () => {
    mkdirSync(join(dir, "dockerd"));
    // The registries listen on the machine's loopback, so dockerd is in its network: without rules, and no container runs.
    const extraArgs = ["--iptables=false", "--ip-forward=false"];
    dockerd = await startDockerd({
      dir: join(dir, "dockerd"),
      bridge: "regbr1",
      bip: "172.31.78.1/24",
      extraArgs,
      programs: await laterDockerDir(),
    });
  });
  afterAll(() => dockerd?.stop());

  const docker = async (args: readonly string[], stdin?: string): Promise<CommandResult> => {
    const env = { ...cliEnvironment(dockerd.host), DOCKER_CONFIG: join(dir, "docker-config") };
    return command([await dockerCli(), ...args], {
      env,
      timeoutMs: 120_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
  };
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await docker(args);
    expect(`${code} ${stderr}`).toBe("0 ");
    return stdout;
  };

  test("signs in, pushes, and pulls by the digest it was told, which the registries say too", async () => {
    expect(await ok("version", "--format", "{{.Server.Version}}")).toMatch(/^(?:2[6-9]|[3-9]\d)\./);
    const there = `${closed.address}/from/docker:latest`;
    await ok("pull", "-q", `${open.address}/busybox`);
    for (const name of [there, `${open.address}/from/docker:latest`])
      await ok("tag", `${open.address}/busybox:latest`, name);
    expect((await docker(["push", there])).stderr).toMatch(/unauthorized|no basic auth/);
    const login = ["login", "-u", "ann", "--password-stdin", closed.address];
    // After the refusal it tries http, as it does for every registry on loopback, and tells how that failed.
    expect((await docker(login, "wrong horse\n")).code).not.toBe(0);
    expect((await docker(login, "correct horse\n")).stdout).toContain("Login Succeeded");
    const told = (text: string): string => /digest: (sha256:[0-9a-f]{64})/.exec(text)?.[1] ?? "";
    const digest = told(await ok("push", there));
    expect(await digestIn(closed, "from/docker")).toBe(digest);
    // Another one: where the layer is that it pulled, that is taken over instead of being compressed again.
    const mounted = told(await ok("push", `${open.address}/from/docker:latest`));
    expect(await digestIn(open, "from/docker")).toBe(mounted);
    const id = await ok("image", "inspect", "-f", "{{.Id}}", there);
    await ok("rmi", there);
    await ok("pull", "-q", `${closed.address}/from/docker@${digest}`);
    expect(await ok("image", "inspect", "-f", "{{.Id}}", `${closed.address}/from/docker@${digest}`)).toBe(id);
    await ok("logout", closed.address);
    expect((await docker(["pull", there])).stderr).toMatch(/unauthorized|no basic auth/);
  });
});

test("buildah signs in, pushes and pulls", async () => {
  const program = join(await buildahDir(), "usr/bin/buildah");
  const home = join(dir, "buildah");
  mkdirSync(home);
  const policy = join(home, "policy.json");
  writeFileSync(join(home, "auth.json"), "{}");
  writeFileSync(policy, '{ "default": [{ "type": "insecureAcceptAnything" }] }\n');
  const stores = ["--root", join(home, "root"), "--runroot", join(home, "run"), "--storage-driver", "vfs"];
  const env = { XDG_CONFIG_HOME: home, REGISTRY_AUTH_FILE: join(home, "auth.json"), TMPDIR: home };
  const buildah = (args: readonly string[], stdin?: string): Promise<CommandResult> =>
    command([program, ...stores, ...args], { env, timeoutMs: 120_000, ...(stdin === undefined ? {} : { stdin }) });
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await buildah(args);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const trust = ["--signature-policy", policy];
  const secure = ["--cert-dir", join(dir, "trust")];
  const here = `${open.address}/busybox:latest`;
  const there = `${closed.address}/from/buildah:latest`;
  const id = await ok("pull", "-q", ...trust, "--tls-verify=false", here);
  const push = ["push", "-q", ...trust, ...secure, "--digestfile", join(home, "digest"), here, `docker://${there}`];
  expect((await buildah(push)).stderr).toContain("authentication required");
  const login = ["login", ...secure, "-u", "ann", "--password-stdin", closed.address];
  expect((await buildah(login, "wrong horse\n")).code).not.toBe(0);
  expect((await buildah(login, "correct horse\n")).stdout).toContain("Login Succeeded");
  await ok(...push);
  const digest = readFileSync(join(home, "digest"), "utf8").trim();
  expect(await digestIn(closed, "from/buildah")).toBe(digest);
  await ok("rmi", "-a");
  expect(await ok("pull", "-q", ...trust, ...secure, there)).toBe(id);
  await ok("rmi", "-a");
});

test("skopeo copies into it and out of it, bytes as they are", async () => {
  const skopeo = (...args: readonly string[]): Promise<string> =>
    mustRun(["skopeo", "--insecure-policy", ...args], { timeoutMs: 120_000 });
  const creds = ["ann:correct horse", "--dest-cert-dir", join(dir, "trust")];
  const there = `docker://${closed.address}/from/skopeo`;
  const copy = ["copy", "--preserve-digests"];
  const from = `docker://${open.address}/busybox`;
  await skopeo(...copy, "--src-tls-verify=false", from, there, "--dest-creds", ...creds);
  expect([await digestIn(closed, "from/skopeo"), await digestIn(closed, "from/skopeo", "")]).toEqual([
    image.digest,
    "401",
  ]);
  const back = `docker://${open.address}/back`;
  const source = ["--src-creds", "ann:correct horse", "--src-cert-dir", join(dir, "trust")];
  await skopeo(...copy, ...source, there, "--dest-tls-verify=false", back);
  expect(await digestIn(open, "back", "")).toBe(image.digest);
});

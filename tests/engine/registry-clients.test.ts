/** Our registry, with TLS and accounts, and clients that people have: skopeo, docker through dockerd, podman, berth. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { administer, startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import {
  berthCommand,
  cliEnvironment,
  dockerCli,
  referenceDir,
  startDockerd,
  type RunningEngine,
} from "../../tools/lab/engines.ts";
import { buildIndex, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { openPodman, type Podman } from "../../tools/lab/podman.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { makeCertificates, startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let dir = "";
/** Open to all, without TLS. */
let open: RunningBerthRegistry;
/** With TLS and accounts. */
let closed: RunningBerthRegistry;
let image: BuiltImage;

beforeAll(async () => {
  dir = makeScratch("registry-clients");
  for (const name of ["open", "closed", "certs"]) mkdirSync(join(dir, name));
  await makeCertificates(join(dir, "certs"));
  const certs = ["--tls-cert", `${dir}/certs/server-cert.pem`, "--tls-key", `${dir}/certs/server-key.pem`];
  open = await startBerthRegistry({ dir: join(dir, "open") });
  closed = await startBerthRegistry({ dir: join(dir, "closed"), args: [...certs, "--auth", "users"] });
  await administer(closed.root, ["user", "add", "--password-stdin", "ann"], "correct horse\n");
  await administer(closed.root, ["grant", "add", "anyone", "public/*", "pull"]);
  image = await busyboxImage("oci");
  await pushImage(open.address, "busybox", "latest", image);
});

afterAll(async () => {
  await open?.daemon.stop();
  await closed?.daemon.stop();
  removeScratch(dir);
});

async function digestIn(registry: RunningBerthRegistry, path: string, credentials?: string): Promise<string | null> {
  const scheme = registry === closed ? "https" : "http";
  const answer = await fetch(`${scheme}://${registry.address}/v2/${path}`, {
    method: "HEAD",
    tls: { rejectUnauthorized: false },
    headers: credentials === undefined ? {} : { Authorization: `Basic ${btoa(credentials)}` },
  });
  return answer.status === 200 ? answer.headers.get("docker-content-digest") : String(answer.status);
}
const ann = "ann:correct horse";

/** Who signed in to accounts keeps a refresh token in the place of the password. */
function expectNoPassword(folder: string): void {
  const text = readFileSync(join(dir, folder, "config.json"), "utf8");
  const { auths } = JSON.parse(text) as { auths: Record<string, { auth?: string; identitytoken?: string }> };
  const kept = auths[closed.address];
  expect(kept?.identitytoken).toContain(".");
  expect(Buffer.from(kept?.auth ?? "", "base64").toString()).not.toContain("horse");
}

describe("skopeo", () => {
  const skopeo = (...args: readonly string[]): Promise<string> =>
    mustRun(["skopeo", "--insecure-policy", ...args], { timeoutMs: 120_000 });

  test("copies between folders and registries, indexes and both formats", async () => {
    const from = `docker://${open.address}/busybox:latest`;
    await skopeo("copy", "--src-tls-verify=false", from, `dir:${dir}/busybox`);
    await skopeo("copy", "--dest-tls-verify=false", `dir:${dir}/busybox`, `docker://${open.address}/again:v1`);
    expect(await digestIn(open, "again/manifests/v1")).toBe(image.digest);
    const both = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    await skopeo("copy", ...both, "-f", "v2s2", from, `docker://${open.address}/as/docker:v1`);
    const index = buildIndex([{ image, architecture: "amd64" }]);
    await pushManifest(open.address, "busybox", "index", index);
    await skopeo("copy", ...both, "--all", `docker://${open.address}/busybox:index`, `docker://${open.address}/i:x`);
    expect(await digestIn(open, "i/manifests/x")).toBe(index.digest);
    const tags = JSON.parse(await skopeo("list-tags", "--tls-verify=false", `docker://${open.address}/busybox`)) as {
      Tags: string[];
    };
    expect(tags.Tags).toEqual(["index", "latest"]);
    await skopeo("delete", "--tls-verify=false", `docker://${open.address}/again:v1`);
    expect(await digestIn(open, "again/manifests/v1")).toBe("404");
  });

  test("with TLS and a name", async () => {
    mkdirSync(join(dir, "trust"), { recursive: true });
    writeFileSync(join(dir, "trust/ca.crt"), await Bun.file(join(dir, "certs/ca.pem")).text());
    const to = `docker://${closed.address}/ann/busybox:v1`;
    const copy = ["copy", "--src-tls-verify=false", `docker://${open.address}/busybox:latest`];
    await skopeo(...copy, to, "--dest-cert-dir", `${dir}/trust`, "--dest-creds", ann);
    expect(await digestIn(closed, "ann/busybox/manifests/v1", ann)).toBe(image.digest);
    const refused = await command(["skopeo", "inspect", "--cert-dir", `${dir}/trust`, to]);
    expect(refused.stderr).toContain("unauthorized: authentication required");
    const elsewhere = [`docker://${closed.address}/bob/busybox:v1`, "--dest-creds", ann];
    const denied = await command(["skopeo", "--insecure-policy", ...copy, "--dest-tls-verify=false", ...elsewhere], {
      timeoutMs: 120_000,
    });
    expect(denied.stderr).toContain("requested access to the resource is denied");
  });
});

describe("docker through dockerd", () => {
  let dockerd: RunningEngine;

  beforeAll(async () => {
    mkdirSync(join(dir, "dockerd"));
    // The registries listen on the machine's loopback, so dockerd is in its network: without rules, and no container runs.
    const extraArgs = ["--iptables=false", "--ip-forward=false"];
    dockerd = await startDockerd({ dir: join(dir, "dockerd"), bridge: "regbr0", bip: "172.31.77.1/24", extraArgs });
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
    const result = await docker(args);
    expect(`${result.code} ${result.stderr}`).toBe("0 ");
    return result.stdout;
  };

  test("pulls, pushes, and pulls by the digest it was told", async () => {
    await ok("pull", "-q", `${open.address}/busybox:latest`);
    await ok("tag", `${open.address}/busybox:latest`, `${open.address}/from/docker:v1`);
    const told = /digest: (sha256:[0-9a-f]{64})/.exec(await ok("push", `${open.address}/from/docker:v1`))?.[1];
    expect(await digestIn(open, "from/docker/manifests/v1")).toBe(told ?? "");
    await ok("rmi", `${open.address}/from/docker:v1`);
    await ok("pull", "-q", `${open.address}/from/docker@${told}`);
  });

  test("signs in, pushes over TLS, signs out", async () => {
    const name = `${closed.address}/ann/app:v1`;
    await ok("tag", `${open.address}/busybox:latest`, name);
    expect((await docker(["push", name])).stderr).toMatch(/unauthorized|denied|no basic auth/);
    const wrong = await docker(["login", "-u", "ann", "--password-stdin", closed.address], "wrong\n");
    expect(wrong.stderr).toContain("unauthorized: incorrect username or password");
    const right = await docker(["login", "-u", "ann", "--password-stdin", closed.address], "correct horse\n");
    expect(right.stdout).toContain("Login Succeeded");
    expectNoPassword("docker-config");
    await ok("push", name);
    await ok("rmi", name);
    await ok("pull", "-q", name);
    await ok("logout", closed.address);
    expect((await docker(["pull", name])).stderr).toMatch(/unauthorized|denied|no basic auth/);
  });

  test("searches, with a name and without", async () => {
    await administer(open.root, ["describe", "busybox", "--description", "One program, many names"]);
    const found = await ok("search", "--format", "{{.Name}}: {{.Description}}", `${open.address}/busy`);
    expect(found.split("\n")).toContain("busybox: One program, many names");
    expect(await ok("search", "--format", "{{.Name}}", `${closed.address}/app`)).toBe("");
    await docker(["login", "-u", "ann", "--password-stdin", closed.address], "correct horse\n");
    expect(await ok("search", "--format", "{{.Name}}", `${closed.address}/app`)).toBe("ann/app\n");
    await ok("logout", closed.address);
  });

  test("what anyone may pull needs no name", async () => {
    await administer(closed.root, ["grant", "add", "ann", "public/*", "pull,push"]);
    await docker(["login", "-u", "ann", "--password-stdin", closed.address], "correct horse\n");
    await ok("tag", `${open.address}/busybox:latest`, `${closed.address}/public/box`);
    await ok("push", `${closed.address}/public/box`);
    await ok("logout", closed.address);
    await ok("rmi", `${closed.address}/public/box`);
    await ok("pull", "-q", `${closed.address}/public/box`);
  });
});

test("a cache in front of a registry serves what it knows when that is gone", async () => {
  for (const name of ["behind", "cache"]) mkdirSync(join(dir, name));
  const behind = await startBerthRegistry({ dir: join(dir, "behind") });
  const cache = await startBerthRegistry({
    dir: join(dir, "cache"),
    args: ["--upstream", `up=http://${behind.address}`, "--mirror", "up"],
  });
  try {
    await pushImage(behind.address, "lib/box", "v1", image);
    const copy = (name: string): Promise<string> =>
      mustRun(
        [
          "skopeo",
          "--insecure-policy",
          "copy",
          "--src-tls-verify=false",
          `docker://${cache.address}/${name}`,
          `dir:${dir}/c`,
        ],
        { timeoutMs: 120_000 },
      );
    await copy("up/lib/box:v1");
    await behind.daemon.stop();
    await copy("lib/box:v1");
    await copy(`up/lib/box@${image.digest}`);
    expect(await digestIn(cache, "up/lib/box/manifests/v1")).toBe(image.digest);
  } finally {
    await behind.daemon.stop();
    await cache.daemon.stop();
  }
});

describe("podman", () => {
  let podman: Podman;

  beforeAll(async () => {
    mkdirSync(join(dir, "podman"));
    podman = await openPodman(join(dir, "podman"), join(await referenceDir(), "usr/sbin/runc"));
  });
  afterAll(() => podman?.close());

  test("pulls and pushes, with and without TLS and a name", async () => {
    await podman.ok(["pull", "-q", "--tls-verify=false", `${open.address}/busybox:latest`]);
    await podman.ok([
      "push",
      "-q",
      "--tls-verify=false",
      `${open.address}/busybox:latest`,
      `${open.address}/pod/box:v1`,
    ]);
    expect(await digestIn(open, "pod/box/manifests/v1")).toStartWith("sha256:");
    const secure = ["--cert-dir", `${dir}/trust`, "--creds", ann];
    mkdirSync(join(dir, "trust"), { recursive: true });
    writeFileSync(join(dir, "trust/ca.crt"), await Bun.file(join(dir, "certs/ca.pem")).text());
    await podman.ok(["push", "-q", ...secure, `${open.address}/busybox:latest`, `${closed.address}/ann/pod:v1`]);
    await podman.ok(["pull", "-q", ...secure, `${closed.address}/ann/pod:v1`]);
  });
});

describe("berth", () => {
  let engine: StartedDaemon;

  beforeAll(async () => {
    mkdirSync(join(dir, "berth"));
    const args = ["-H", `unix://${dir}/berth/berth.sock`];
    engine = await startPlainDaemon({ dir: join(dir, "berth"), args });
  });
  afterAll(() => engine?.process.stop());

  test("pulls with a name and without, and pushes", async () => {
    const env = { ...cliEnvironment(`unix://${dir}/berth/berth.sock`), DOCKER_CONFIG: join(dir, "berth-config") };
    const berth = (args: readonly string[], stdin?: string): Promise<string> =>
      mustRun([...berthCommand(), ...args], { env, ...(stdin === undefined ? {} : { stdin }) });
    await berth(["pull", "-q", `${open.address}/busybox@${image.digest}`]);
    await berth(["login", "-u", "ann", "--password-stdin", closed.address], "correct horse\n");
    expectNoPassword("berth-config");
    await berth(["pull", "-q", `${closed.address}/ann/busybox:v1`]);
    await berth(["tag", `${closed.address}/ann/busybox:v1`, `${closed.address}/ann/from-berth:v1`]);
    await berth(["push", "-q", `${closed.address}/ann/from-berth:v1`]);
    expect(await digestIn(closed, "ann/from-berth/manifests/v1", ann)).toBe(image.digest);
  });
});

/** `berth push ssh://…`: images from engine to engine, without the layers that are there. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import { buildImage, buildIndex } from "../../tools/lab/image-writer.ts";
import { startSshServer } from "../../tools/lab/openssh.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let here: BusyboxEngine;
let there: StartedDaemon;
let dir = "";
let registry = "";

beforeAll(async () => {
  dir = makeScratch("push-host");
  here = await BusyboxEngine.open({ bridge: "bpsh0", bip: "172.31.227.1/24" });
  there = await startPlainDaemon({ dir, args: ["-H", `unix://${join(dir, "berth.sock")}`] });
  registry = (await here.ok("inspect", "-f", "{{index .RepoDigests 0}}", "busybox")).trim().replace(/\/.*/, "");
  mkdirSync(join(dir, "bin"));
  // An ssh that runs the command here, and counts what goes through it to the other side.
  const ssh = `#!/bin/bash\nprintf '%s\\n' "$*" >> ${join(dir, "called")}\nfor last; do :; done\nexec sh -c "$last" < <(exec tee -a ${join(dir, "sent")})\n`;
  writeFileSync(join(dir, "bin/ssh"), ssh, { mode: 0o755 });
  writeFileSync(join(dir, "bin/berth"), `#!/bin/sh\nexec ${berthCommand().join(" ")} "$@"\n`, { mode: 0o755 });
}, 180_000);

afterAll(async () => {
  await there.process.stop();
  await here.close();
  removeScratch(dir);
});

const PATH = (): string => `${join(dir, "bin")}:${process.env["PATH"]}`;
const address = (): string => `ssh://me@lab:2222${join(dir, "berth.sock")}`;
const push = (...args: readonly string[]): Promise<CommandResult> =>
  command([...berthCommand(), "push", ...args], { env: { ...cliEnvironment(here.host), PATH: PATH() } });
const atOther = async (...args: readonly string[]): Promise<string> => {
  const env = cliEnvironment(`unix://${join(dir, "berth.sock")}`);
  const { code, stdout, stderr } = await command([...berthCommand(), ...args], { env });
  if (code !== 0) throw new Error(`${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
};
/** Bytes that a piece of work sends to the other side. */
async function sentBy(
  work: () => Promise<CommandResult>,
): Promise<{ readonly bytes: number; readonly result: CommandResult }> {
  writeFileSync(join(dir, "sent"), "");
  const result = await work();
  return { result, bytes: statSync(join(dir, "sent")).size };
}

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
const layer = (name: string, bytes = 60_000): Uint8Array => writeTar([{ path: name, content: random(bytes) }]);

test("what is not there, and nothing else", async () => {
  const [base, app] = [layer("base", 900_000), layer("app")];
  // Random bytes of many pieces, as one call gives 64 KiB.
  await pushImage(registry, "app", "1", buildImage({ layers: [base, app] }));
  await pushImage(registry, "app", "2", buildImage({ layers: [base, layer("app")] }));
  for (const tag of ["1", "2"]) await here.ok("pull", "-q", `${registry}/app:${tag}`);
  await here.ok("tag", `${registry}/app:1`, "app:1");
  await here.ok("tag", `${registry}/app:2`, "app:2");

  const first = await sentBy(() => push(address(), "app:1"));
  expect(first.result).toMatchObject({ code: 0, stderr: "" });
  expect(first.result.stdout).toMatch(/^0 of 2 layers are there; sending \S+\nSent \S+ to ssh:\/\/me@lab.*\napp:1\n$/);
  expect(first.bytes).toBeGreaterThan(900_000);
  expect(readFileSync(join(dir, "called"), "utf8")).toContain("-l me -p 2222 -- lab exec");

  const second = await sentBy(() => push(address(), "app:2"));
  expect(second.result.stdout).toContain("1 of 2 layers are there");
  expect(second.bytes).toBeGreaterThan(60_000);
  expect(second.bytes).toBeLessThan(300_000);

  const again = await sentBy(() => push("-q", address(), "app:1", "app:2"));
  expect(again.result).toEqual({ code: 0, stdout: "app:1\napp:2\n", stderr: "" });
  expect(again.bytes).toBeLessThan(60_000);

  const facts = "{{.Id}} {{.RootFS.Layers}}";
  for (const name of ["app:1", "app:2"])
    expect(await atOther("inspect", "-f", facts, name)).toBe(await here.ok("inspect", "-f", facts, name));
  expect((await atOther("image", "ls-files", "app:2", "/")).trim()).toContain("base");
  expect((await atOther("system", "check")).toLowerCase()).not.toContain("damaged");
});

test("an index with its platforms keeps its digest", async () => {
  const images = ["amd64", "arm64"].map((architecture) => ({
    architecture,
    image: buildImage({ layers: [layer(architecture)], architecture }),
  }));
  for (const { image } of images) await pushImage(registry, "multi", image.digest, image);
  const index = buildIndex(images);
  await pushManifest(registry, "multi", "1", index);
  for (const platform of ["linux/amd64", "linux/arm64"])
    await here.ok("pull", "-q", "--platform", platform, `${registry}/multi:1`);
  expect((await push(address(), `${registry}/multi:1`)).code).toBe(0);
  expect(await atOther("image", "ls", "--tree")).toContain("linux/arm64");
  const listed = await fetch("http://engine/v1.51/images/json?manifests=1", { unix: join(dir, "berth.sock") });
  const found = (await listed.json()) as { RepoTags: string[]; Descriptor: { digest: string } }[];
  expect(found.find(({ RepoTags }) => RepoTags.includes(`${registry}/multi:1`))?.Descriptor.digest).toBe(index.digest);
});

test("an image built here, which no registry has seen", async () => {
  await here.ok("create", "--name", "made", "busybox", "sh");
  await here.ok("commit", "made", "made:1");
  await here.ok("rm", "made");
  expect(await push(address(), "made:1")).toMatchObject({ code: 0, stderr: "" });
  expect(await atOther("inspect", "-f", "{{.Id}}", "made:1")).toBe(await here.ok("inspect", "-f", "{{.Id}}", "made:1"));
});

test("through OpenSSH's own server and client: by key, a host that is unknown, a stranger", async () => {
  const secured = join(dir, "secured");
  const path = `${join(dir, "bin")}:${process.env["PATH"] ?? ""}`;
  const server = await startSshServer(secured, { PATH: path });
  try {
    const settings = (key: string, known: string): void => {
      writeFileSync(join(secured, "known"), known);
      const lines = [`IdentityFile ${key}`, "IdentitiesOnly yes", "IdentityAgent none", "BatchMode yes"];
      const hosts = [`UserKnownHostsFile ${join(secured, "known")}`, "GlobalKnownHostsFile none"];
      writeFileSync(join(secured, "client"), `${[...lines, ...hosts, "StrictHostKeyChecking yes"].join("\n")}\n`);
    };
    // The client as it is; only its settings are this test's and not the person's.
    mkdirSync(join(secured, "bin"));
    const client = `#!/bin/sh\nexec ${Bun.which("ssh") ?? "ssh"} -F ${join(secured, "client")} "$@"\n`;
    writeFileSync(join(secured, "bin/ssh"), client, { mode: 0o755 });
    const target = `ssh://root@127.0.0.1:${server.port}${join(dir, "berth.sock")}`;
    const env = { ...cliEnvironment(here.host), PATH: `${join(secured, "bin")}:${path}` };
    const pushed = (name: string): Promise<CommandResult> =>
      command([...berthCommand(), "push", target, name], { env });

    await pushImage(registry, "secret", "1", buildImage({ layers: [layer("base", 3_000_000), layer("app")] }));
    await here.ok("pull", "-q", `${registry}/secret:1`);
    await here.ok("tag", `${registry}/secret:1`, "secret:1");
    settings(server.userKey, "");
    const unknown = await pushed("secret:1");
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("Host key verification failed")]);
    settings(join(secured, "host"), server.knownHost);
    const stranger = await pushed("secret:1");
    expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining("Permission denied (publickey)")]);
    expect(await atOther("images", "-q", "secret")).toBe("");

    settings(server.userKey, server.knownHost);
    const first = await pushed("secret:1");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^0 of 2 layers are there; sending \S+\n/);
    const again = await pushed("secret:1");
    expect(again.stdout).toMatch(/^(?:2 of 2 layers are there|All)/);
    const facts = "{{.Id}} {{.RootFS.Layers}}";
    expect(await atOther("inspect", "-f", facts, "secret:1")).toBe(await here.ok("inspect", "-f", facts, "secret:1"));
  } finally {
    await server.stop();
  }
});

test("a docker engine gets everything, and that is said", async () => {
  const network: NetworkNamespace = await createNetworkNamespace();
  const dockerDir = join(dir, "docker");
  mkdirSync(dockerDir);
  let dockerd: RunningEngine | undefined;
  try {
    dockerd = await startDockerd({ dir: dockerDir, bridge: "bpsh1", bip: "172.31.226.1/24", network });
    const target = `ssh://lab${dockerd.socket}`;
    const { code, stdout, stderr } = await push(target, "busybox");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Sending all layers: the engine at ${target} is not Berth`);
    const { stdout: id } = await command([...berthCommand(), "inspect", "-f", "{{.Id}}", "busybox"], {
      env: cliEnvironment(dockerd.host),
    });
    expect(id).toBe(await here.ok("inspect", "-f", "{{.Id}}", "busybox"));
  } finally {
    await dockerd?.stop();
    await network.close();
  }
});

test("what is wrong is said in a line", async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await push(...args);
    expect(code).toBe(1);
    return stderr;
  };
  expect(await refused(address())).toMatch(/^which image is to go to ssh:.*\nAs in: berth push ssh:.* IMAGE\n$/);
  expect(await refused(address(), "unheard-of")).toContain("No such image: unheard-of");
  expect(await refused("ssh://-oProxyCommand=x", "busybox")).toContain("ssh host connection is not valid");
  expect(await refused("--all-tags", address(), "busybox")).toContain("are for registries");
  expect(await refused("ssh://lab/nowhere.sock", "busybox")).toContain("Cannot connect to the Docker daemon at");
  expect(await refused("busybox", "another")).toContain("requires 1 argument");
});

test("what the archive and the engine both lack is refused, and nothing is half-made", async () => {
  await pushImage(registry, "alone", "1", buildImage({ layers: [layer("alone")] }));
  await here.ok("pull", "-q", `${registry}/alone:1`);
  const layers = await here.api("GET", `/berth/images/layers?names=${registry}/alone:1`);
  const archive = await here.api("POST", `/berth/images/get?names=${registry}/alone:1`, {
    Without: (JSON.parse(layers.text) as { Digest: string }[]).map(({ Digest }) => Digest),
  });
  expect(archive.status).toBe(200);
  const response = await fetch("http://engine/berth/images/load", {
    unix: join(dir, "berth.sock"),
    method: "POST",
    body: Buffer.from(archive.text, "utf8"),
  });
  expect(await response.text()).toContain("no such file or directory");
  expect(await atOther("images", "-q", `${registry}/alone`)).toBe("");
  const bad = await here.api("POST", "/berth/images/missing-layers", { Layers: [{ Digest: "../../x", DiffId: "" }] });
  expect(bad.status).toBe(400);
  expect((await here.api("POST", "/berth/images/missing-layers", { Layers: 7 })).status).toBe(400);
});

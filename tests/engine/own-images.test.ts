/** What Berth does with images beyond Docker: from registry to registry, a look inside, and a check of all that is kept. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { cliEnvironment } from "../../tools/lab/engines.ts";
import { buildImage, buildIndex, sha256 } from "../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let other: RunningRegistry;
let scratch = "";
let source = "";

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bownimg0", bip: "172.31.243.1/24" });
  scratch = makeScratch("own-images");
  other = await startDebianRegistry({ dir: scratch, port: await freePort() });
  source = (await engine.ok("inspect", "-f", "{{index .RepoDigests 0}}", "busybox")).trim().replace(/\/.*/, "");
}, 180_000);

afterAll(async () => {
  await engine.close();
  await other.stop();
  removeScratch(scratch);
});

const layer = (...names: readonly string[]): Uint8Array =>
  writeTar(names.map((name) => ({ path: name, content: `${name}\n` })));

const manifestAt = async (registry: string, name: string): Promise<string> => {
  const [repository = "", reference = ""] = name.split(/[:@](.*)/);
  const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
  const response = await fetch(`http://${registry}/v2/${repository}/manifests/${reference}`, { headers: { accept } });
  return sha256(new Uint8Array(await response.arrayBuffer()));
};

test("an index goes from registry to registry as it is, every platform, and keeps nothing here", async () => {
  const images = ["amd64", "arm64"].map((architecture) => ({
    architecture,
    image: buildImage({ layers: [layer("shared"), layer(architecture)], architecture }),
  }));
  const index = buildIndex(images);
  for (const { image } of images) await pushImage(source, "multi", image.digest, image);
  await pushManifest(source, "multi", "1", index);
  const before = await engine.ok("images", "-q");
  const printed = await engine.ok("image", "cp", `${source}/multi:1`, `${other.address}/copied:2`);
  expect(printed).toContain(`Digest: ${index.digest}`);
  expect(printed.match(/: Pushed$/gm)).toHaveLength(5);
  expect(await manifestAt(other.address, "copied:2")).toBe(index.digest);
  for (const { image } of images) expect(await manifestAt(other.address, `copied@${image.digest}`)).toBe(image.digest);
  expect(await engine.ok("images", "-q")).toBe(before);
  // Again there is nothing to do; within a registry blobs are taken over.
  expect(
    (await engine.ok("image", "cp", `${source}/multi:1`, `${other.address}/copied:2`)).match(/already exists$/gm),
  ).toHaveLength(5);
  expect(await engine.ok("image", "cp", `${other.address}/copied:2`, `${other.address}/moved`)).toContain(
    "Mounted from copied",
  );
  expect(await engine.ok("image", "cp", "-q", `${other.address}/moved`, `${other.address}/quiet:1`)).toBe(
    `${other.address}/quiet:1\n`,
  );
  const gone = await engine.run("image", "cp", `${source}/nothing:1`, `${other.address}/copied:3`);
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("manifest unknown") as string });
});

test("every platform of an image under one name, by docker and by berth", async () => {
  const own = process.arch === "x64" ? "amd64" : process.arch;
  const other = own === "amd64" ? "arm64" : "amd64";
  const made = [own, other].map((architecture) => ({
    architecture,
    image: buildImage({ layers: [layer(`platform ${architecture}`)], architecture, config: { Cmd: ["/x"] } }),
  }));
  const index = buildIndex(made);
  for (const { image } of made) await pushImage(source, "platforms", image.digest, image);
  await pushManifest(source, "platforms", "1", index);
  const name = `${source}/platforms:1`;
  const docker = (...args: readonly string[]): Promise<string> =>
    mustRun(["docker", ...args], { env: cliEnvironment(engine.host) });
  await engine.ok("pull", "-q", "--platform", `linux/${other},linux/${own}`, name);
  const tree = await engine.ok("images", "--tree", name);
  expect(tree).toMatch(new RegExp(`├─ linux/${own} .*\\n└─ linux/${other} .*`));
  expect(await docker("images", "--tree", name)).toContain(`linux/${other}`);
  const format = ["-f", "{{.Architecture}} {{.Descriptor.Digest}}"];
  expect(await docker("image", "inspect", ...format, name)).toBe(`${own} ${index.digest}\n`);
  expect(await docker("image", "inspect", "--platform", `linux/${other}`, ...format, name)).toBe(
    `${other} ${made[1]?.image.digest ?? ""}\n`,
  );
  await docker("create", "--name", "elsewhere", "--platform", `linux/${other}`, name);
  expect((await engine.run("rmi", "--platform", `linux/${other}`, name)).stderr).toContain("is being used by stopped");
  await docker("rm", "elsewhere");
  await docker("tag", name, `${source}/platforms-again:1`);
  await docker("push", "-q", `${source}/platforms-again:1`);
  expect(await manifestAt(source, "platforms-again:1")).toBe(index.digest);
  await docker("rmi", `${source}/platforms-again:1`);
  const archive = `${scratch}/platforms.tar`;
  await docker("save", "-o", archive, name);
  await docker("rmi", "--platform", `linux/${other}`, name);
  expect(await engine.ok("image", "inspect", ...format, name)).toBe(`${own} ${index.digest}\n`);
  await docker("rmi", name);
  expect(await docker("load", "-i", archive)).toBe(`Loaded image: ${name}\n`);
  expect(await engine.ok("images", "--tree", name)).toBe(tree);
  await engine.ok("rmi", name);
});

test("a locked image stays, an unused one goes by the clean-up's rules", async () => {
  const names = ["first", "second", "third"].map((name) => `${source}/${name}:1`);
  for (const name of names) {
    const repository = name.slice(source.length + 1, -2);
    await pushImage(source, repository, "1", buildImage({ layers: [layer(`content of ${repository}`)] }));
    await engine.ok("pull", "-q", name);
  }
  const [first = "", second = "", third = ""] = names;
  expect(await engine.ok("image", "lock", first)).toBe(`${first}\n`);
  for (const args of [
    ["rmi", first],
    ["rmi", "-f", first],
    ["rmi", "-f", await engine.ok("images", "-q", first)],
  ]) {
    const refused = await engine.run(...args.map((arg) => arg.trim()));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("is locked") as string });
  }
  await engine.ok("tag", first, "another:1");
  expect(await engine.ok("rmi", "another:1")).toBe("Untagged: another:1\n");
  await engine.ok("image", "prune", "-af", "--filter", "label=nothing");
  await engine.ok("tag", second, "kept/second:1");
  const dry = await engine.ok("image", "clean", "--dry-run", "--keep", "kept/*", "--keep", "busybox");
  expect(dry).toContain(`Would remove: ${third}\n`);
  expect(dry).not.toContain(first);
  expect(dry).not.toContain(second);
  expect(await engine.ok("images", "-q", third)).not.toBe("");
  expect(await engine.ok("image", "clean", "-f", "--high", "1TB")).toBe("Total reclaimed space: 0B\n");
  expect(await engine.ok("image", "clean", "-f", "--unused-for", "1h")).toBe("Total reclaimed space: 0B\n");
  expect(await engine.ok("image", "clean", "-f", "--keep", "kept/*", "--keep", "busybox")).toContain(
    `Removed: ${third}\n`,
  );
  expect(await engine.ok("images", "-q", third)).toBe("");
  await engine.ok("image", "unlock", first);
  await engine.ok("rmi", first, second, "kept/second:1");
});

test("the files of an image, without a container", async () => {
  const first = buildImage({ layers: [layer("etc/one", "etc/two", "same")], format: "oci" });
  const second = buildImage({
    layers: [
      layer("etc/one", "etc/two", "same"),
      writeTar([
        { path: "etc/.wh.one", content: "" },
        { path: "etc/two", content: "changed" },
        { path: "new", content: "" },
      ]),
    ],
  });
  await pushImage(source, "first", "latest", first);
  await pushImage(source, "second", "latest", second);
  for (const name of ["first", "second"]) await engine.ok("pull", "-q", `${source}/${name}`);
  expect(await engine.ok("image", "ls-files", `${source}/second`)).toBe("/etc\n/etc/two\n/new\n/same\n");
  expect(await engine.ok("image", "ls-files", `${source}/first`, "/etc")).toBe("/etc\n/etc/one\n/etc/two\n");
  expect(await engine.ok("image", "ls-files", "-l", `${source}/first`, "/etc/one")).toMatch(
    /^-rw-r--r-- +0:0 +8 2023-11-14 22:13:20 \/etc\/one\n$/,
  );
  expect(await engine.ok("image", "cat", `${source}/first`, "/etc/one", "same")).toBe("etc/one\nsame\n");
  expect(await engine.ok("image", "diff", `${source}/first`, `${source}/second`)).toBe(
    "D /etc/one\nC /etc/two\nA /new\n",
  );
  expect(await engine.run("image", "cat", `${source}/first`, "/nope")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Could not find the file /nope in image") as string,
  });
  expect(await engine.run("image", "cat", `${source}/first`, "/etc")).toMatchObject({ code: 1 });
  expect(readdirSync(`${engine.dir}/data/snapshots`)).toEqual([]);
});

test("a check finds what is damaged, and mends it from where it came", async () => {
  await pushImage(source, "checked", "latest", buildImage({ layers: [layer("precious")] }));
  await engine.ok("pull", "-q", `${source}/checked`);
  expect(await engine.ok("system", "check")).toMatch(
    /^Checked [0-9]+ images, [0-9]+ blobs, [0-9]+ layers: 0 problems\n$/,
  );
  const [digest = ""] = (await engine.ok("image", "inspect", "-f", "{{.Descriptor.digest}}", `${source}/checked`))
    .trim()
    .split("\n");
  const blobs = `${engine.dir}/data/content/blobs`;
  const manifest = JSON.parse(readFileSync(`${blobs}/${digest.replace(":", "/")}`, "utf8")) as {
    layers: { digest: string }[];
  };
  const path = `${blobs}/${manifest.layers[0]?.digest.replace(":", "/")}`;
  writeFileSync(path, Buffer.alloc(statSync(path).size));
  const layers = `${engine.dir}/data/layers`;
  const newest = readdirSync(layers)
    .filter((name) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(b) - Number(a))[0];
  rmSync(`${layers}/${newest}/fs`, { recursive: true });
  const found = await engine.run("system", "check");
  expect(found.code).toBe(1);
  expect(found.stdout).toContain("broken: layer ");
  expect(found.stdout).toContain(`broken: blob ${manifest.layers[0]?.digest}`);
  expect(found.stdout).toContain(": 2 problems");
  // The first repair brings the archive back, with which the second unpacks the layer again.
  const repair = JSON.parse((await engine.run("system", "check", "--repair", "--format", "json")).stdout) as {
    Problems: { Kind: string; Repaired: boolean }[];
  };
  expect(repair.Problems.find(({ Kind }) => Kind === "blob")?.Repaired).toBe(true);
  await engine.ok("system", "check", "--repair");
  expect(await engine.ok("system", "check")).toContain(": 0 problems");
  expect(await engine.ok("image", "cat", `${source}/checked`, "/precious")).toBe("precious\n");
});

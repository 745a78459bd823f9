/** Images made of containers' files: the layer is what anybody unpacks, and every program can read the documents. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { O_DIRECTORY, O_RDONLY, S_IFCHR } from "#host/kernel/linux.ts";
import { close, getxattr, lstatMaybe, mknodat, open, setxattr } from "#host/kernel/syscalls.ts";
import type { StoredImage } from "#image/types.ts";
import { unpackLayer } from "#image/unpack/unpack-layer.ts";
import { command } from "../../tools/lab/command.ts";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { findProgram } from "../../tools/lab/paths.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";
import { startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

let fixture: ImageFixture;
let registry: FaultyRegistry;
let scratch = "";

beforeEach(async () => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-commit-`);
  registry = await startFaultyRegistry();
  fixture = await openImageFixture();
});

afterEach(async () => {
  expect(fixture.unfinished()).toEqual([]);
  await fixture.dispose();
  await registry.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function parent(format: "docker" | "oci"): Promise<StoredImage> {
  const bottom = writeTar([
    { path: "etc/", type: "directory" },
    { path: "etc/passwd", content: "root:x:0:0\n" },
    { path: "gone", content: "" },
    { path: "again/", type: "directory" },
    { path: "again/old", content: "" },
  ]);
  registry.add("base", "1", buildImage({ layers: [bottom], config: { Env: ["A=1"], Cmd: ["sh"] }, format }));
  return (await fixture.pull(`${registry.address}/base:1`)).image;
}

/** An upper directory as overlayfs leaves it. */
function upper(): string {
  const root = mkdtempSync(`${scratch}/upper-`);
  mkdirSync(`${root}/d`);
  writeFileSync(`${root}/d/a`, "data\n");
  linkSync(`${root}/d/a`, `${root}/d/b`);
  chmodSync(`${root}/d/a`, 0o4755);
  mkdirSync(`${root}/again`);
  setxattr(`${root}/again`, "trusted.overlay.opaque", Buffer.from("y"));
  setxattr(`${root}/d/a`, "security.capability", Buffer.from("0100000200040000000000000000000000000000", "hex"));
  const fd = open(root, O_RDONLY | O_DIRECTORY);
  mknodat(fd, "gone", S_IFCHR, 0, 0);
  close(fd);
  for (const name of ["d/a", "d", "again", ""]) utimesSync(`${root}/${name}`, 1_700_000_000.5, 1_700_000_000.5);
  return root;
}

const commit = (parentId: string, upperDir: string, reference?: string): Promise<StoredImage> =>
  fixture.images.commit({
    parentId,
    upperDir,
    config: { Cmd: ["true"], Env: ["A=2"] },
    author: "me",
    comment: "why",
    createdBy: "sh -c x",
    created: "2026-01-01T00:00:00.5Z",
    reference,
  });

for (const format of ["docker", "oci"] as const) {
  test(`a ${format} image with one layer more, which snapshots can use at once`, async () => {
    const base = await parent(format);
    const image = await commit(base.id, upper(), "made:1");
    expect(image.repoTags).toEqual(["made:1"]);
    expect(image.diffIds).toEqual([...base.diffIds, image.diffIds.at(-1) ?? ""]);
    expect(image.config.config).toEqual({ Cmd: ["true"], Env: ["A=2"] });
    expect(image.config.history?.at(-1)).toEqual({
      created: "2026-01-01T00:00:00.5Z",
      created_by: "sh -c x",
      author: "me",
      comment: "why",
    });
    expect(image.sizeBytes).toBe(base.sizeBytes + 5);

    const { lowerDirs } = await fixture.snapshots.prepare("one", image.diffIds);
    const [tree = ""] = lowerDirs;
    expect(lowerDirs).toHaveLength(2);
    expect(statSync(`${tree}/d/a`).mode & 0o7777).toBe(0o4755);
    expect(statSync(`${tree}/d/a`).ino).toBe(statSync(`${tree}/d/b`).ino);
    expect(getxattr(`${tree}/d/a`, "security.capability")?.length).toBe(20);
    expect(getxattr(`${tree}/again`, "trusted.overlay.opaque")).toEqual(new Uint8Array([0x79]));
    expect(lstatMaybe(-100, `${tree}/gone`)?.rdevMajor).toBe(0);
    await fixture.snapshots.remove("one");

    const again = mkdtempSync(`${scratch}/again-`);
    const fd = open(again, O_RDONLY | O_DIRECTORY);
    const layer = image.diffIds.at(-1) ?? "";
    const unpacked = await unpackLayer(bytes(fixture.blobs.path(layer)), fd);
    close(fd);
    expect(unpacked.diffId).toBe(layer);
    // diff takes two devices for one only when they were made within the same second.
    expect((await command(["diff", "-r", "--no-dereference", "--exclude=gone", again, tree])).stdout).toBe("");
    expect(lstatMaybe(-100, `${again}/gone`)?.rdevMajor).toBe(0);
  });

  // Another program's judgement of the same bytes; the guest has the kernel to judge, and no skopeo.
  if (process.env["BERTH_TEST_GUEST"] === "1") continue;
  test(`skopeo reads a committed ${format} image and finds every digest right`, async () => {
    const skopeo = findProgram("skopeo");
    if (skopeo === undefined) throw new Error("skopeo is not installed");
    const image = await commit((await parent(format)).id, upper(), "made:1");
    const from = `${scratch}/image`;
    mkdirSync(from);
    copyFileSync(fixture.blobs.path(image.manifest.digest), `${from}/manifest.json`);
    writeFileSync(`${from}/version`, "Directory Transport Version: 1.1\n");
    const { config, layers } = JSON.parse(readFileSync(`${from}/manifest.json`, "utf8")) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const { digest } of [config, ...layers]) {
      copyFileSync(fixture.blobs.path(digest), `${from}/${digest.slice("sha256:".length)}`);
    }
    const copied = await command([
      skopeo,
      "--insecure-policy",
      "copy",
      `dir:${from}`,
      `docker-archive:${scratch}/out.tar:made:1`,
    ]);
    expect({ code: copied.code, stderr: copied.code === 0 ? "" : copied.stderr }).toEqual({ code: 0, stderr: "" });
    const inspected = await command([skopeo, "inspect", "--config", `docker-archive:${scratch}/out.tar`]);
    expect((JSON.parse(inspected.stdout) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids).toEqual([
      ...image.diffIds,
    ]);
  });
}

test("the same changes give the same layer, kept once", async () => {
  const base = await parent("oci");
  const [one, other] = [await commit(base.id, upper(), "made:1"), await commit(base.id, upper(), "made:2")];
  expect(other.diffIds).toEqual([...one.diffIds]);
  expect(other.id).toBe(one.id);
  expect(readdirSync(fixture.layout.layersDir).length).toBe(2);
});

test("without changes there is no layer, and the history says so", async () => {
  const base = await parent("docker");
  const image = await commit(base.id, mkdtempSync(`${scratch}/empty-`));
  expect(image.diffIds).toEqual([...base.diffIds]);
  expect(image.config.history?.at(-1)?.empty_layer).toBe(true);
  expect(image.repoTags).toEqual([]);
});

test("an image on a committed image; what nobody needs goes with its last name", async () => {
  const base = await parent("docker");
  const first = await commit(base.id, upper(), "made:1");
  const more = mkdtempSync(`${scratch}/more-`);
  writeFileSync(`${more}/f`, "more");
  const second = await commit(first.id, more, "made:2");
  expect(second.diffIds.length).toBe(3);
  const remove = (name: string) => fixture.images.remove({ nameOrId: name, force: false, prune: true, users: [] });
  await remove("made:1");
  expect(readdirSync(fixture.layout.layersDir).length).toBe(3);
  await remove("made:2");
  expect(readdirSync(fixture.layout.layersDir).length).toBe(1);
  expect((await fixture.images.resolve(base.id)).id).toBe(base.id);
});

test("names that are none, and a parent that is gone, are refused before anything is made", async () => {
  const base = await parent("docker");
  await expect(commit(base.id, upper(), "Bad")).rejects.toThrow("must be lowercase");
  await expect(commit(`sha256:${"0".repeat(64)}`, upper())).rejects.toThrow("No such image");
  await expect(commit(base.id, `${scratch}/none`)).rejects.toThrow("no such file or directory");
  expect(await fixture.images.list()).toHaveLength(1);
});

test("a committed image outlasts a restart, and a power cut that spared its blobs", async () => {
  fixture.holdSyncs();
  const base = await parent("docker");
  const image = await commit(base.id, upper(), "made:1");
  fixture = await fixture.reopen();
  expect((await fixture.images.resolve("made:1")).id).toBe(image.id);
  const tree = (await fixture.images.resolve("made:1")).layers.at(-1)?.path ?? "";
  rmSync(`${tree}/d/a`);
  fixture = await fixture.reopen("another boot");
  expect(readFileSync(`${(await fixture.images.resolve("made:1")).layers.at(-1)?.path}/d/a`, "utf8")).toBe("data\n");
});

async function* bytes(path: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(path);
}

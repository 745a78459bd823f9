/** Images go between dockerd and us in every way, and stay what they are: by archives both ways, and by a registry. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { busyboxLayer } from "../../tools/lab/test-images.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openLab, type Lab, type Target } from "./target.ts";

setDefaultTimeout(180_000);

let lab: Lab | undefined;
let ours: Target;
let theirs: Target;

beforeAll(async () => {
  lab = await openLab({ names: ["dockerd:docker", "berth:docker"] });
  const find = (kind: string): Target => {
    const found = lab?.targets.find(({ engine }) => engine.kind === kind);
    if (found === undefined) throw new Error(`no ${kind}`);
    return found;
  };
  ours = find("berth");
  theirs = find("dockerd");
}, 180_000);

afterAll(async () => {
  await lab?.close();
}, 180_000);

const idOf = async (target: Target, name: string): Promise<string> =>
  (await target.ok(["inspect", "-f", "{{.Id}} {{.RootFS.Layers}}", name])).trim();

/** Two images that share a layer, and one made by commit, which has its own layer uncompressed here. */
async function prepare(on: Target, name: string): Promise<readonly string[]> {
  const references: string[] = [];
  for (const [tag, format] of [
    ["docker", "docker"],
    ["oci", "oci"],
  ] as const) {
    const own = writeTar([{ path: "own", content: `${name} ${tag}` }]);
    const image = buildImage({ layers: [await busyboxLayer(), own], config: { Cmd: ["cat", "/own"] }, format });
    await pushImage(on.registry, name, tag, image);
    await on.ok(["pull", "-q", `${on.registry}/${name}:${tag}`]);
    references.push(`${on.registry}/${name}:${tag}`);
  }
  await on.ok(["run", "--name", name, references[0] ?? "", "sh", "-c", "ln /own /link; rm /bin/cat; echo x > /made"]);
  await on.ok(["commit", name, `${name}:committed`]);
  await on.ok(["rm", name]);
  return [...references, `${name}:committed`];
}

test("archives, both ways", async () => {
  for (const [from, to, name] of [
    [ours, theirs, "by-us"],
    [theirs, ours, "by-them"],
  ] as const) {
    const references = await prepare(from, name);
    const file = join(from.scratch, `${name}.tar`);
    await from.ok(["save", "-o", file, ...references]);
    // dockerd writes images in no order.
    const loaded = (await to.ok(["load", "-i", file])).trimEnd().split("\n");
    expect(loaded.toSorted()).toEqual(references.map((one) => `Loaded image: ${one}`).toSorted());
    for (const reference of references) expect(await idOf(to, reference)).toBe(await idOf(from, reference));
    expect(await to.ok(["run", "--rm", references[1] ?? ""])).toBe(`${name} oci`);
    expect(
      await to.ok(["run", "--rm", `${name}:committed`, "sh", "-c", "ls /bin/cat /link /made 2>/dev/null; true"]),
    ).toBe("/link\n/made\n");
    // And back again, to where all is there already.
    await to.ok(["save", "-o", file, ...references]);
    await from.ok(["load", "-i", file]);
    for (const reference of references) expect(await idOf(from, reference)).toBe(await idOf(to, reference));
    for (const target of [from, to]) await target.ok(["rmi", ...references]);
  }
});

test("a registry, both ways: what one pushes the other pulls under the same digest", async () => {
  for (const [from, to, name] of [
    [ours, theirs, "pushed-by-us"],
    [theirs, ours, "pushed-by-them"],
  ] as const) {
    const references = await prepare(from, name);
    const aim = `${from.registry}/${name}-committed:1`;
    await from.ok(["tag", `${name}:committed`, aim]);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await from.ok(["push", aim]))?.[1] ?? "";
    expect(await to.ok(["pull", aim])).toContain(`Digest: ${digest}`);
    expect(await idOf(to, aim)).toBe(await idOf(from, aim));
    expect(await to.ok(["run", "--rm", aim, "sh", "-c", "ls /bin/cat /link /made 2>/dev/null; true"])).toBe(
      "/link\n/made\n",
    );
    if (to === ours) {
      // What was pulled goes back as it was.
      await to.ok(["tag", aim, `${aim}-again`]);
      expect(await to.ok(["push", `${aim}-again`])).toContain(`digest: ${digest}`);
      await to.ok(["rmi", `${aim}-again`]);
    }
    await from.ok(["rmi", ...references, aim]);
    await to.ok(["rmi", aim]);
  }
});

/** Caches elsewhere: what one engine has built, another one does not build again. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let one: BuildLab;
let other: BuildLab;
let registry: RunningRegistry;

beforeAll(async () => {
  one = await BuildLab.open("bcch0", "172.31.235.1/24");
  other = await BuildLab.open("bcch1", "172.31.236.1/24");
  registry = await startDebianRegistry({ dir: one.engine.dir, port: await freePort() });
}, 180_000);
afterAll(async () => {
  await registry.stop();
  await other.close();
  await one.close();
});

/** Not built before. */
let builds = 0;
const fresh = (): Readonly<Record<string, string>> => ({
  Dockerfile: `FROM busybox AS made
ENV BUILD=${builds++}
RUN head -c 8 /dev/urandom | od -An -tx1 > /made
FROM busybox
ENV BUILD=${builds}
RUN head -c 8 /dev/urandom | od -An -tx1 > /first
COPY --from=made /made /made
COPY given /given
RUN head -c 8 /dev/urandom | od -An -tx1 > /second
`,
  given: "text\n",
});

/** Build; resolves to the image's id and how many steps ran. */
async function build(lab: BuildLab, context: string, ...args: readonly string[]): Promise<{ id: string; ran: number }> {
  const iid = join(lab.engine.dir, "iid");
  const { code, stderr } = await lab.engine.run("build", "--iidfile", iid, ...args, context);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const ran = [...stderr.matchAll(/^#(\d+) \[(?:made|stage-1) [^\]]*\] (?:RUN|COPY)/gmu)].filter(
    ([, number]) => !stderr.includes(`#${number} CACHED`),
  );
  return { id: await Bun.file(iid).text(), ran: ran.length };
}

test.each([
  ["a registry", () => [`type=registry,ref=${registry.address}/cache:all,mode=max`, `${registry.address}/cache:all`]],
  [
    "a folder",
    () => [`type=local,dest=${join(one.engine.dir, "cache")}`, `type=local,src=${join(one.engine.dir, "cache")}`],
  ],
  [
    "a registry, with zstd",
    () => [`type=registry,ref=${registry.address}/z,compression=zstd`, `${registry.address}/z`],
  ],
])("%s: the same image, nothing run", async (_name, places) => {
  const [to = "", from = ""] = places();
  const files = fresh();
  const contexts = [one, other].map((lab) => lab.context(files));
  const first = await build(one, contexts[0] ?? "", "--cache-to", to);
  expect(first.ran).toBe(5);
  const second = await build(other, contexts[1] ?? "", "--cache-from", from);
  expect(second).toEqual({ id: first.id, ran: 0 });
  // What was only found is handed on whole.
  const again = await build(other, contexts[1] ?? "", "--cache-from", from, "--cache-to", to);
  expect(again).toEqual(second);
  await other.engine.ok("builder", "prune", "-af");
  expect(await build(other, contexts[1] ?? "", "--cache-from", from)).toEqual(second);
  const read = (lab: BuildLab): Promise<string> => lab.runIn(first.id, "cat", "/first", "/second", "/made", "/given");
  expect(await read(other)).toBe(await read(one));
});

test("a layer that two steps of an imported cache have counts once, and goes once", async () => {
  const to = join(one.engine.dir, "twice");
  const files = {
    Dockerfile: `FROM busybox AS a
ENV BUILD=${builds++}
COPY given /same
FROM busybox
ENV BUILD=${builds++}
COPY given /same
COPY --from=a /same /other
`,
    given: "x".repeat(100_000),
  };
  await other.engine.ok("builder", "prune", "-af");
  const { id } = await build(one, one.context(files), "--cache-to", `type=local,dest=${to},mode=max`);
  const got = await build(
    other,
    other.context(files),
    "--cache-from",
    `type=local,src=${to}`,
    "--cache-to",
    `type=local,dest=${to}`,
  );
  expect(got).toEqual({ id, ran: 0 });
  await other.engine.ok("rmi", "-f", id);
  const usage = async (): Promise<readonly BuildCacheRecord[]> =>
    JSON.parse((await other.engine.api("GET", "/system/df?type=build-cache")).text).BuildCache;
  const sizes = (await usage()).filter(({ Size }) => Size > 50_000 || Size === 0).map(({ Size }) => Size);
  // Two steps, one layer; the third has a file of another name.
  expect(sizes.toSorted((a, b) => a - b)).toEqual([0, 100_000, 100_000]);
  const all = (await usage()).reduce((sum, { Size }) => sum + Size, 0);
  const { text } = await other.engine.api("POST", "/build/prune?all=true");
  expect(JSON.parse(text).SpaceReclaimed).toBe(all);
});

test("an image that carries its own cache; what has changed runs, with all that stands on it", async () => {
  const name = `${registry.address}/inline`;
  const files = fresh();
  const first = await build(one, one.context(files), "-t", name, "--cache-to", "type=inline", "--push");
  const same = await build(other, other.context(files), "--cache-from", name, "--cache-to", "type=inline");
  expect(same).toEqual({ id: first.id, ran: 0 });
  await other.engine.ok("builder", "prune", "-af");
  const changed = await build(other, other.context({ ...files, given: "other\n" }), "--cache-from", name);
  expect(changed.ran).toBe(2);
});

test.each([
  ["a registry", () => [`type=registry,ref=${registry.address}/mounts`, `${registry.address}/mounts`]],
  [
    "a folder",
    () => [`type=local,dest=${join(one.engine.dir, "mounts")}`, `type=local,src=${join(one.engine.dir, "mounts")}`],
  ],
])("cache mounts go along to %s, and seed those of an engine that has none", async (place, places) => {
  const [to = "", from = ""] = places();
  const dockerfile = (step: string): string =>
    [
      "FROM busybox",
      ...["locked", "shared", "private"].map(
        (sharing) =>
          `RUN --mount=type=cache,id=${place.replace(" ", "-")}-${sharing},target=/cache,sharing=${sharing},uid=7,mode=0750 ` +
          `stat -c %u:%a /cache >> /${sharing} && ls -ln /cache >> /${sharing} && ${step}`,
      ),
      "",
    ].join("\n");
  const fill = "mkdir -p /cache/inner && echo kept > /cache/inner/.wh.file && chown 3:4 /cache/inner";
  await build(one, one.context({ Dockerfile: dockerfile(fill) }), "--cache-to", `${to},cache-mounts=true`);
  const look = dockerfile("cat /cache/inner/.wh.file >> /result");
  const seeded = await build(other, other.context({ Dockerfile: look }), "--cache-from", from);
  for (const sharing of ["locked", "shared", "private"])
    expect(await other.runIn(seeded.id, "cat", `/${sharing}`)).toMatch(
      /^7:750\ntotal \d+\ndrwxr-xr-x +2 3 +4 .* inner\n$/,
    );
  expect(await other.runIn(seeded.id, "cat", "/result")).toBe("kept\n".repeat(3));
  // What is there already stays as it is: gone is gone.
  const emptied = other.context({ Dockerfile: dockerfile("rm -r /cache/inner") });
  const empty = (): Promise<{ readonly code: number }> =>
    other.engine.run("build", "--no-cache", "--cache-from", from, emptied);
  expect([(await empty()).code, (await empty()).code]).toEqual([0, 1]);
});

test("a cache that is not there or damaged is told of, and the build goes on", async () => {
  const folder = other.context({ Dockerfile: "FROM busybox\nRUN true\n", "cache/index.json": "{}" });
  const from = [`${registry.address}/nowhere`, `type=local,src=${folder}/cache`, "type=local,src=/nowhere"];
  const built = await other.engine.run("build", ...from.flatMap((text) => ["--cache-from", text]), folder);
  expect(built.code).toBe(0);
  for (const text of [
    `no cache from ${registry.address}/nowhere`,
    `no cache from ${folder}/cache: `,
    "no cache from /nowhere",
  ])
    expect(built.stderr).toContain(text);
  const refused = await other.engine.run("build", "--cache-to", "type=gha", folder);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("--cache-to type=gha")]);
});

test("the classic builder looks into images that are here", async () => {
  const folder = one.context(fresh());
  await one.docker("build", "-q", "-t", "classic:1", "--build-arg", "BUILDKIT_INLINE_CACHE=1", folder);
  const first = await one.runIn("classic:1", "cat", "/second");
  await one.engine.ok("builder", "prune", "-af");
  const again = await one.docker(
    "build",
    "-t",
    "classic:2",
    "--cache-from",
    "classic:1",
    "--cache-from",
    "busybox",
    folder,
  );
  expect(again.stdout).toContain("[Warning] no cache from busybox");
  expect(await one.runIn("classic:2", "cat", "/second")).toBe(first);
});

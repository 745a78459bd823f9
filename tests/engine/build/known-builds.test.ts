/**
 * Builds that were asked for before and found everything are told again (src/build/known): everything that they stood on is
 * changed here once they are known.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { BuildLab, type ContextFiles } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
beforeAll(async () => {
  lab = await BuildLab.open("bknown0", "172.31.229.1/24");
}, 180_000);
afterAll(() => lab.close());

const build = async (folder: string, ...flags: readonly string[]): Promise<string> =>
  (await lab.engine.ok("build", "-q", ...flags, folder)).trim();

/** A folder whose build is known: it was built, found in the cache, and told again. */
async function known(files: ContextFiles, ...flags: readonly string[]): Promise<{ folder: string; id: string }> {
  const folder = lab.context(files);
  const id = await build(folder, ...flags);
  for (let time = 0; time < 3; time++) expect(await build(folder, ...flags)).toBe(id);
  return { folder, id };
}

/** Each time it runs it leaves something else. */
const ONCE = "RUN cat /proc/sys/kernel/random/uuid > /once\n";

test("files of the context, and which of them count", async () => {
  const { folder, id } = await known({
    Dockerfile: "FROM busybox\nCOPY . /all/\nRUN --mount=type=bind,target=/given cat /given/file > /seen\n",
    file: "one\n",
    other: "other\n",
  });
  lab.fill(folder, { file: "two\n" });
  const changed = await build(folder);
  expect(await lab.runIn(changed, "cat", "/all/file", "/all/other", "/seen")).toBe("two\nother\ntwo\n");
  lab.fill(folder, { file: "one\n" });
  expect(await build(folder)).toBe(id);
  lab.fill(folder, { ".dockerignore": "other\n.dockerignore\n" });
  const fewer = await build(folder);
  expect(await lab.runIn(fewer, "ls", "/all")).toBe("Dockerfile\nfile\n");
  lab.fill(folder, { Dockerfile: "FROM busybox\nCOPY missing /\n" });
  expect((await lab.engine.run("build", folder)).stderr).toContain("missing");
});

test("a file that is not there any more is missed", async () => {
  const { folder } = await known({ Dockerfile: "FROM busybox\nCOPY a* /here/\nCOPY file /\n", a1: "", file: "x" });
  await Bun.file(`${folder}/file`).delete();
  expect((await lab.engine.run("build", folder)).stderr).toMatch(/file not found in build context.*\n/);
});

test("the image it begins with", async () => {
  const first = await build(lab.context({ Dockerfile: "FROM busybox\nRUN echo first > /base\n" }), "-t", "base");
  const { folder } = await known({ Dockerfile: "FROM base\nRUN cp /base /copy\n" });
  const second = await build(lab.context({ Dockerfile: "FROM busybox\nRUN echo second > /base\n" }));
  await lab.engine.ok("tag", second, "base");
  expect(await lab.runIn(await build(folder), "cat", "/copy")).toBe("second\n");
  await lab.engine.ok("tag", first, "base");
  expect(await lab.runIn(await build(folder), "cat", "/copy")).toBe("first\n");
});

test("steps that were carried out once more, or are forgotten", async () => {
  const { folder, id } = await known({ Dockerfile: `FROM busybox\n${ONCE}` });
  const again = await build(folder, "--no-cache");
  expect(again).not.toBe(id);
  expect(await build(folder)).toBe(again);
  expect(await build(folder)).toBe(again);
  await lab.engine.ok("rmi", "-f", id, again);
  await lab.engine.ok("builder", "prune", "-af");
  const anew = await build(folder);
  expect([id, again]).not.toContain(anew);
});

test("the image that it made, and its names", async () => {
  const { folder, id } = await known({ Dockerfile: `FROM busybox\n${ONCE}` }, "-t", "named");
  const idOf = async (name: string): Promise<string> =>
    (await lab.engine.ok("image", "inspect", "-f", "{{.Id}}", name)).trim();
  await lab.engine.ok("tag", "busybox", "named");
  expect(await build(folder, "-t", "named")).toBe(id);
  expect(await idOf("named")).toBe(id);
  await lab.engine.ok("rmi", "-f", id);
  expect(await build(folder, "-t", "named")).toBe(id);
  expect(await lab.runIn("named", "wc", "-c", "/once")).toBe("37 /once\n");
  expect(await build(folder, "-t", "another")).toBe(id);
  expect(await idOf("another")).toBe(id);
});

test("what was allowed once is not allowed for ever", async () => {
  const { folder } = await known(
    { Dockerfile: "FROM busybox\nRUN --security=insecure true\n" },
    "--allow=security.insecure",
  );
  expect((await lab.engine.run("build", folder)).stderr).toContain("security.insecure is not allowed");
});

test("it is told and remembered as any other build, by both doors", async () => {
  const { folder, id } = await known({ Dockerfile: "FROM busybox\nRUN echo told > /told\nENV A=b\n" });
  const { stderr } = await lab.engine.run("build", "--progress=plain", folder);
  expect(stderr).toMatch(/#\d+ \[2\/2\] RUN echo told > \/told\n#\d+ CACHED\n/);
  const entries = (await lab.engine.ok("builder", "history", "ls", "--format", "{{.CachedSteps}}/{{.TotalSteps}}"))
    .trim()
    .split("\n");
  expect(entries[0]).toBe("1/2");
  const uses = async (): Promise<number> => {
    const shown = await lab.engine.ok("builder", "du", "--verbose");
    const step = shown.split("\n\n").find((record) => record.includes("RUN echo told")) ?? "";
    return Number(/^Usage count:\s+(\d+)$/m.exec(step)?.[1]);
  };
  const before = await uses();
  expect(await build(folder)).toBe(id);
  expect(await uses()).toBe(before + 1);
  const classic = async (): Promise<string> => {
    const { stdout } = await lab.docker("build", folder);
    return stdout.replace(/Sending build context.*\n/g, "");
  };
  const first = await classic();
  expect(first).toMatch(/Step 2\/3 : RUN echo told > \/told\n ---> Using cache\n/);
  expect([await classic(), await classic()]).toEqual([first, first]);
});

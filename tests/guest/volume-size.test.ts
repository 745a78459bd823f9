/** Volumes with `-o size=` on a file system with project quotas, which the guest's kernel has. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectOf } from "#host/files/project-quota.ts";
import { eventually } from "../../tools/lab/command.ts";
import { LimitedEngine } from "./limited-engine.ts";
import { projectLimits } from "./project-limits.ts";

setDefaultTimeout(600_000);

let engine: LimitedEngine;

beforeAll(async () => {
  engine = await LimitedEngine.open({ bridge: "bvsize0", bip: "172.31.248.1/24" });
}, 600_000);
afterAll(() => engine?.close(), 600_000);

const full = /Disk quota exceeded|No space left on device/;
const write = (volume: string, name: string, megabytes: number, source = "/dev/zero") =>
  engine.run(
    ...["run", "--rm", "--network", "none", "-v", `${volume}:/v`, engine.image],
    ...["dd", `if=${source}`, `of=/v/${name}`, "bs=1M", `count=${megabytes}`],
  );
const expectFull = async (volume: string): Promise<void> => {
  const { code, stderr } = await write(volume, "much", 32);
  expect([code, stderr]).toEqual([1, expect.stringMatching(full)]);
  await engine.ok("run", "--rm", "--network", "none", "-v", `${volume}:/v`, engine.image, "rm", "/v/much");
};
const dataOf = async (volume: string): Promise<string> =>
  (await engine.ok("volume", "inspect", "-f", "{{.Mountpoint}}", volume)).trim();
const remove = (...names: readonly string[]): Promise<string> => engine.ok("volume", "rm", ...names);

describe("a volume with a limit", () => {
  test("holds that much, and each its own", async () => {
    await engine.ok("volume", "create", "-o", "size=16m", "small");
    await engine.ok("volume", "create", "-o", "size=16m", "other");
    expect(await engine.ok("volume", "inspect", "-f", "{{.Driver}} {{.Options}}", "small")).toBe(
      "local map[size:16m]\n",
    );
    expect((await write("small", "some", 8)).code).toBe(0);
    await expectFull("small");
    expect((await write("other", "some", 12)).code).toBe(0);
    expect(projectOf(await dataOf("small"))).not.toBe(projectOf(await dataOf("other")));
    await engine.ok("volume", "create", "free");
    expect((await write("free", "much", 32)).code).toBe(0);
    await remove("small", "other", "free");
  });

  test("is limited after a kill of the engine, and the next gets no limit of another's", async () => {
    await engine.ok("volume", "create", "-o", "size=16m", "before");
    await engine.replace();
    await expectFull("before");
    await engine.ok("volume", "create", "-o", "size=24m", "later");
    expect(projectOf(await dataOf("later"))).not.toBe(projectOf(await dataOf("before")));
    expect((await write("later", "more", 20)).code).toBe(0);
    await remove("before", "later");
  });

  test("gives its limit to its clones", async () => {
    await engine.ok("volume", "create", "-o", "size=16m", "first");
    expect((await write("first", "some", 8)).code).toBe(0);
    await engine.ok("volume", "clone", "first", "second");
    expect(await engine.ok("volume", "inspect", "-f", "{{.Options}}", "second")).toBe("map[size:16m]\n");
    for (const name of ["first", "second"]) await expectFull(name);
    await remove("first", "second");
  });

  test("keeps it when a snapshot is restored; snapshots count for nobody", async () => {
    await engine.ok("volume", "create", "-o", "size=16m", "kept");
    expect((await write("kept", "some", 12)).code).toBe(0);
    const before = projectOf(await dataOf("kept"));
    for (const name of ["one", "two"]) await engine.ok("volume", "snapshot", "kept", name);
    await engine.ok("run", "--rm", "--network", "none", "-v", "kept:/v", engine.image, "rm", "/v/some");
    await engine.ok("volume", "restore", "kept@one");
    expect(projectOf(await dataOf("kept"))).not.toBe(before);
    await expectFull("kept");
    await engine.replace();
    await expectFull("kept");
    await eventually("the former limit is gone", async () =>
      (await projectLimits(engine.dir)).has(before) ? undefined : true,
    );
    await remove("kept");
  });

  test("has a limit for what the engine itself puts there", async () => {
    const archive = join(engine.dir, "archive.tar");
    await engine.ok("volume", "create", "plenty");
    // Zeros would become holes.
    expect((await write("plenty", "much", 24, "/dev/urandom")).code).toBe(0);
    await engine.ok("volume", "export", "-o", archive, "plenty");
    const refused = await engine.run("volume", "import", "-o", "size=16m", "narrow", archive);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/no space left on device|quota exceeded/),
    ]);
    expect((await engine.run("volume", "inspect", "narrow")).code).toBe(1);
    await engine.ok("volume", "import", "-o", "size=32m", "--label", "a=b", "wide", archive);
    expect(await engine.ok("volume", "inspect", "-f", "{{.Options}} {{.Labels}}", "wide")).toBe(
      "map[size:32m] map[a:b]\n",
    );
    await expectFull("wide");
    writeFileSync(archive, "");
    await remove("plenty", "wide");
  });

  test("leaves no limit behind", async () => {
    await engine.ok("volume", "create", "-o", "size=16m", "gone");
    const id = projectOf(await dataOf("gone"));
    expect([...(await projectLimits(engine.dir)).keys()]).toContain(id);
    await remove("gone");
    await eventually("the limit is gone", async () => ((await projectLimits(engine.dir)).has(id) ? undefined : true));
  });
});

test("what is no size is refused", async () => {
  for (const size of ["much", "", "-1"]) {
    const refused = await engine.run("volume", "create", "-o", `size=${size}`, "bad");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`invalid size: '${size}'`)]);
  }
});

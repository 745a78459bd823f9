/** `--storage-opt size` on a file system with project quotas, which the guest's kernel has. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { LimitedEngine } from "./limited-engine.ts";

let engine: LimitedEngine;

beforeAll(async () => {
  engine = await LimitedEngine.open({ bridge: "bsize0", bip: "172.31.249.1/24" });
}, 600_000);

afterAll(() => engine?.close(), 600_000);

test("what a container writes is limited, also after a restart, and each has a limit of its own", async () => {
  const { image } = engine;
  const write = (megabytes: number): string[] => ["dd", "if=/dev/zero", "of=/big", "bs=1M", `count=${megabytes}`];
  const limited = ["--network", "none", "--storage-opt", "size=16M"];
  expect((await engine.run("run", "--name", "small", ...limited, image, ...write(8))).code).toBe(0);
  const much = await engine.run("run", "--name", "large", ...limited, image, ...write(32));
  expect([much.code, much.stderr]).toEqual([1, expect.stringMatching(/Disk quota exceeded|No space left on device/)]);
  const again = ["start", "-a", "large"];
  expect((await engine.run(...again)).code).toBe(1);
  expect((await engine.run("run", "--rm", "--network", "none", image, ...write(32))).code).toBe(0);
  await engine.ok("rm", "small", "large");
}, 600_000);

test("what is no size is refused", async () => {
  const refused = await engine.run("create", "--storage-opt", "size=much", engine.image);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("invalid size: 'much'")]);
});

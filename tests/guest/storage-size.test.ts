/** `--storage-opt size` on a file system with project quotas, which the guest's kernel has. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

const scratch = makeScratch("size");
const dir = join(scratch, "mounted");
let registry: TinyRegistry | undefined;
let engine: RunningEngine | undefined;
let image = "";

const env = (): Record<string, string | undefined> => cliEnvironment(engine?.host ?? "");
const berth = (...args: string[]): Promise<CommandResult> => command([...berthCommand(), ...args], { env: env() });
const ok = (...args: string[]): Promise<string> => mustRun([...berthCommand(), ...args], { env: env() });

beforeAll(async () => {
  const disk = join(scratch, "disk");
  mkdirSync(dir);
  await mustRun(["truncate", "-s", "256M", disk]);
  await mustRun(["mke2fs", "-q", "-t", "ext4", "-O", "quota,project", "-E", "quotatype=prjquota", disk]);
  await mustRun(["modprobe", "-a", "loop", "quota_v2"]);
  await mustRun(["mount", "-o", "loop,prjquota", disk, dir]);
  registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  image = `${registry.address}/busybox:latest`;
  engine = await startBerth({ dir, bridge: "bsize0", bip: "172.31.249.1/24" });
  await ok("pull", "-q", image);
}, 180_000);

afterAll(async () => {
  await engine?.stop();
  await registry?.close();
  await mustRun(["umount", dir]);
  removeScratch(scratch);
}, 180_000);

test("what a container writes is limited, also after a restart, and each has a limit of its own", async () => {
  const write = (megabytes: number): string[] => ["dd", "if=/dev/zero", "of=/big", "bs=1M", `count=${megabytes}`];
  const limited = ["--network", "none", "--storage-opt", "size=16M"];
  expect((await berth("run", "--name", "small", ...limited, image, ...write(8))).code).toBe(0);
  const much = await berth("run", "--name", "large", ...limited, image, ...write(32));
  expect([much.code, much.stderr]).toEqual([1, expect.stringMatching(/Disk quota exceeded|No space left on device/)]);
  const again = ["start", "-a", "large"];
  expect((await berth(...again)).code).toBe(1);
  expect((await berth("run", "--rm", "--network", "none", image, ...write(32))).code).toBe(0);
  await ok("rm", "small", "large");
}, 180_000);

test("what is no size is refused", async () => {
  const refused = await berth("create", "--storage-opt", "size=much", image);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("invalid size: 'much'")]);
});

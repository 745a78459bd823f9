/** What the engine and its helpers hold in memory and read: a piece of what goes through them, however much that is. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

const MIB = 1 << 20;
/** A file, and so a layer and its archive, of this size. */
const LARGE_BYTES = 512 * MIB;

let lab: BuildLab;
beforeAll(async () => {
  lab = await BuildLab.open("bmem0", "172.31.234.1/24");
}, 180_000);
afterAll(() => lab.close());

interface Memory {
  readonly name: string;
  readonly nowBytes: number;
  /** The most it ever was. */
  readonly peakBytes: number;
  /** By read(2) and its like, since its beginning. */
  readonly readBytes: number;
}

function memoryOf(pid: number): Memory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    const name = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const readBytes = Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
    return { name, nowBytes: kilobytes("VmRSS") * 1024, peakBytes: kilobytes("VmHWM") * 1024, readBytes };
  } catch {
    return undefined;
  }
}

/** The engine, and its helpers, which live on for some seconds after their work. */
function processes(): readonly Memory[] {
  const pid = Number(readFileSync(join(lab.engine.dir, "berth.pid"), "utf8"));
  const children = readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === String(pid);
    } catch {
      return false;
    }
  });
  return [pid, ...children.map(Number)].flatMap((one) => memoryOf(one) ?? []);
}

const readSum = (): number => processes().reduce((sum, { readBytes }) => sum + readBytes, 0);

test("a large context, layer and archive go through in pieces, and an unchanged context is not read again", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nCOPY large /large\n" });
  writeFileSync(join(folder, "large"), "begin");
  // Holes of the context are read as zeros; the archive of the layer has them all.
  truncateSync(join(folder, "large"), LARGE_BYTES);
  const id = await lab.engine.ok("build", "-q", folder);
  const [engine, ...helpers] = processes();
  expect(helpers.some(({ name }) => name.includes(".helper"))).toBe(true);
  for (const { name, peakBytes } of [engine, ...helpers].filter((one) => one !== undefined))
    expect([name, peakBytes < LARGE_BYTES / 2]).toEqual([name, true]);
  expect(await lab.runIn(id.trim(), "stat", "-c", "%s", "/large")).toBe(`${LARGE_BYTES}\n`);
  // A file that was written just before the first build may be read once more.
  expect(await lab.engine.ok("build", "-q", folder)).toBe(id);
  const before = readSum();
  expect(await lab.engine.ok("build", "-q", folder)).toBe(id);
  // A helper that has ended meanwhile takes its count along.
  expect(readSum() - before).toBeLessThan(LARGE_BYTES / 8);
  await lab.engine.ok("rmi", "-f", id.trim());
  await lab.engine.ok("builder", "prune", "-af");
});

test("sixty builds leave nothing in memory", async () => {
  const folder = lab.context({ Dockerfile: "" });
  const build = async (count: number): Promise<void> => {
    lab.fill(folder, {
      Dockerfile: `FROM busybox\nCOPY count /count\nENV N=${count}\nRUN true\n`,
      count: `${count}`.repeat(1000),
    });
    await lab.engine.ok("build", "-q", folder);
  };
  const resident = (): number => processes()[0]?.nowBytes ?? Number.POSITIVE_INFINITY;
  for (let count = 0; count < 20; count++) await build(count);
  const before = resident();
  for (let count = 20; count < 80; count++) await build(count);
  // A build's graph, events and answers come to about a megabyte: sixty that were kept would show.
  expect((resident() - before) / MIB).toBeLessThan(40);
});

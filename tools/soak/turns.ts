import { background } from "../lab/background.ts";
import { broke, held, type StageResult } from "../checks/stage.ts";
import { mustRun } from "../lab/command.ts";
import { berthCommand, cliEnvironment, startBerth } from "../lab/engines.ts";
import { processSize, type ProcessSize } from "../lab/process-size.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { busyboxImage } from "../lab/test-images.ts";
import { startTinyRegistry } from "../lab/tiny-registry.ts";

/** Growth from the first quarter's end to the end that is still noise. */
const allowedGrowth = { memoryMib: 24, descriptors: 8 };

type Berth = (...args: string[]) => Promise<string>;

/** Everything people do with an engine, over and over; its memory and its descriptors must not keep growing. */
export async function soakTurns(minutes: number): Promise<StageResult> {
  const dir = makeScratch("soak");
  const registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  const image = `${registry.address}/busybox`;
  const engine = await startBerth({ dir, bridge: "bsoak0", bip: "172.31.248.1/24" });
  const env = cliEnvironment(engine.host);
  const berth: Berth = (...args) => mustRun([...berthCommand(), ...args], { env });
  let failed = false;
  try {
    const start = performance.now();
    const endMs = minutes * 60_000;
    let settled: ProcessSize | undefined;
    let round = 0;
    let printedAt = 0;
    for (let elapsed = 0; elapsed < endMs; elapsed = performance.now() - start) {
      await turn({ berth, env, image }, round++);
      const now = processSize(engine.daemon.pid);
      if (settled === undefined && elapsed > endMs / 4) settled = now;
      if (elapsed - printedAt > 30_000) {
        printedAt = elapsed;
        console.log(
          `${(elapsed / 60_000).toFixed(1)} min, ${round} turns: ${now.memoryMib.toFixed(1)} MiB, ${now.descriptors} descriptors`,
        );
      }
    }
    await Bun.sleep(3000);
    const last = processSize(engine.daemon.pid);
    const from = settled ?? last;
    console.log(
      `${round} turns; from ${from.memoryMib.toFixed(1)} to ${last.memoryMib.toFixed(1)} MiB, ${from.descriptors} to ${last.descriptors} descriptors`,
    );
    failed =
      last.memoryMib - from.memoryMib > allowedGrowth.memoryMib ||
      last.descriptors - from.descriptors > allowedGrowth.descriptors;
  } finally {
    await engine.stop();
    await registry.close();
    removeScratch(dir);
  }
  return failed ? broke : held;
}

interface Lab {
  readonly berth: Berth;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly image: string;
}

/** One turn: pull, runs at once, a followed container, execs, an attach that breaks off, removal of everything. */
async function turn({ berth, env, image }: Lab, round: number): Promise<void> {
  const name = `soak-${round}`;
  await berth("pull", "-q", image);
  await Promise.all([0, 1, 2, 3].map((index) => berth("run", "--rm", image, "echo", String(index))));
  await berth(
    "run",
    "-d",
    "--name",
    name,
    "-p",
    "127.0.0.1::80",
    image,
    "sh",
    "-c",
    "while :; do echo tick; sleep 0.01; done",
  );
  const follower = background([...berthCommand(), "logs", "-f", name], env);
  await follower.waitFor(/tick/);
  for (let index = 0; index < 4; index++) await berth("exec", name, "true");
  const attached = background([...berthCommand(), "attach", "--sig-proxy=false", name], env);
  await attached.waitFor(/tick/);
  attached.signal("SIGKILL");
  await attached.end();
  await berth("rm", "-f", name);
  await follower.end();
  if (round % 5 === 0) await berth("rmi", "-f", image);
}

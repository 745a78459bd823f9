/**
 * `npm run bench`: the same measurements on Berth and on Debian's dockerd, taken in turns, printed side by side.
 *
 *   --only WORD     measures whose name has WORD      --alone      Berth only
 *   --json FILE     also write the figures (default .cache/bench.json)
 *
 * `floor` is of no side: it tells how fast the machine is. `registry` and `builds` (`builds steps`, `builds copies`, `builds
 * large`) have engines of their own: docker-registry, and docker 26.1 with buildx.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { cacheDir } from "../tools/lab/paths.ts";
import { buildPackages, ensureSystemPackages, testPackages } from "../tools/lab/system-packages.ts";
import { COMMANDS_ALONE, buildFigures, buildParts } from "./builds.ts";
import { composeFigures } from "./compose.ts";
import { floorFigures, MACHINE } from "./floor.ts";
import { imageFigures } from "./images.ts";
import { largeLog, manyLines } from "./logs.ts";
import { create, remove, startMany } from "./containers.ts";
import { lifeMeasures } from "./life-measures.ts";
import { inTurns, median, table, timed, type Figure } from "./measure.ts";
import { registryFigures, registrySides } from "./registry.ts";
import { networkMeasures } from "./networks.ts";
import { openSides, proportionalMemory, type Side } from "./sides.ts";

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const only = argument("--only");

/** The supervisor of a container: the parent of its first process. */
async function supervisorOf(side: Side, id: string): Promise<number> {
  const { State } = (await side.api("GET", `/containers/${id}/json`)) as { State: { Pid: number } };
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${State.Pid}/status`, "utf8"))?.[1]);
}

type Measure = (sides: readonly Side[]) => Promise<Figure[]>;

const measures: Readonly<Record<string, Measure>> = {
  floor: floorFigures,
  "idle memory": async (sides) => {
    await Bun.sleep(3000);
    return inTurns("engine idle, memory", "MiB", sides, 1, async (side) => side.memory(), false);
  },
  "run bridge": (sides) =>
    inTurns("run --rm busybox true, bridge", "ms", sides, 15, (side) =>
      timed(() => side.cli(["run", "--rm", "busybox", "true"])),
    ),
  "run after a pause": (sides) =>
    inTurns("the same after two seconds in which nothing is asked", "ms", sides, 9, async (side) => {
      await Bun.sleep(2000);
      return timed(() => side.cli(["run", "--rm", "busybox", "true"]));
    }),
  "run docker cli": (sides) =>
    inTurns("the same by the docker CLI", "ms", sides, 9, (side) =>
      timed(() => side.docker(["run", "--rm", "busybox", "true"])),
    ),
  "run none": (sides) =>
    inTurns("run --rm --network none", "ms", sides, 9, (side) =>
      timed(() => side.cli(["run", "--rm", "--network", "none", "busybox", "true"])),
    ),
  api: async (sides) => {
    const parts = new Map<string, Map<string, number[]>>();
    const note = (part: string, side: Side, ms: number): void => {
      const bySide = parts.get(part) ?? new Map<string, number[]>();
      parts.set(part, bySide);
      bySide.set(side.name, [...(bySide.get(side.name) ?? []), ms]);
    };
    for (let round = -2; round < 15; round++) {
      for (const side of sides) {
        let id = "";
        const createMs = await timed(async () => (id = await create(side, ["true"])));
        const startMs = await timed(() => side.api("POST", `/containers/${id}/start`));
        const waitMs = await timed(() => side.api("POST", `/containers/${id}/wait`));
        const removeMs = await timed(() => side.api("DELETE", `/containers/${id}`));
        if (round < 0) continue;
        note("API create", side, createMs);
        note("API start", side, startMs);
        note("API create + start", side, createMs + startMs);
        note("API wait", side, waitMs);
        note("API remove", side, removeMs);
      }
    }
    return [...parts].flatMap(([measure, bySide]) =>
      [...bySide].map(([side, samples]) => ({ measure, unit: "ms" as const, side, value: median(samples), samples })),
    );
  },
  exec: async (sides) => {
    const ids = new Map<Side, string>();
    for (const side of sides) {
      const id = await create(side, ["sleep", "3600"]);
      ids.set(side, id);
      await side.api("POST", `/containers/${id}/start`);
    }
    const figures = await inTurns("exec true", "ms", sides, 15, (side) =>
      timed(() => side.cli(["exec", ids.get(side) ?? "", "true"])),
    );
    for (const [side, id] of ids) await remove(side, id);
    return figures;
  },
  parallel: (sides) =>
    inTurns("run --rm, 8 clients at once", "runs/s", sides, 3, async (side) => {
      const count = 32;
      let left = count;
      const client = async (): Promise<void> => {
        while (left-- > 0) await side.cli(["run", "--rm", "busybox", "true"]);
      };
      const ms = await timed(() => Promise.all(Array.from({ length: 8 }, client)));
      return (count * 1000) / ms;
    }),
  hundred: async (sides) => {
    const figures: Figure[] = [];
    const add = (measure: string, unit: Figure["unit"], side: Side, value: number): void =>
      void figures.push({ measure, unit, side: side.name, value, samples: [value] });
    for (const side of sides) {
      let ids: string[] = [];
      add("start 100 containers", "ms", side, await timed(async () => (ids = await startMany(side, 100))));
      const supervisors = new Set(await Promise.all(ids.map((id) => supervisorOf(side, id))));
      add("memory of each one's supervisor", "MiB", side, proportionalMemory([...supervisors]) / ids.length);
      add("engine with 100 containers, memory", "MiB", side, side.memory());
      const lists: number[] = [];
      for (let round = 0; round < 11; round++) lists.push(await timed(() => side.api("GET", "/containers/json?all=1")));
      add("list 100 containers", "ms", side, median(lists));
      const removal = await timed(() => Promise.all(ids.map((id) => remove(side, id))));
      add("remove 100 running containers", "ms", side, removal);
    }
    return figures;
  },
  ...lifeMeasures,
  ...networkMeasures,
  pull: (sides) =>
    inTurns(
      "pull of a 200 MB distribution image",
      "ms",
      sides,
      3,
      async (side) => {
        const ms = await timed(() => side.cli(["pull", "-q", side.distribution]));
        await side.cli(["rmi", side.distribution]);
        return ms;
      },
      true,
    ),
  images: imageFigures,
  compose: composeFigures,
  "log lines": manyLines,
  "log large": largeLog,
  "end memory": async (sides) => {
    // An engine gives up more when it has rested.
    await Bun.sleep(7000);
    return inTurns("engine after all of it, memory", "MiB", sides, 1, async (side) => side.memory(), false);
  },
};

const besideSides = (figures: readonly Figure[]): readonly string[] =>
  figures.some(({ side }) => side === MACHINE) ? [MACHINE] : [];

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("Engines need root: run this as root.");
  await ensureSystemPackages([...buildPackages, ...testPackages]);
  if (only === undefined || "registry".includes(only)) {
    console.log(table(await registryFigures(), registrySides));
    if (only !== undefined) return;
  }
  const withReference = !process.argv.includes("--alone");
  const parts = buildParts.filter((part) => only === undefined || part.includes(only));
  if (parts.length > 0) {
    const figures = await buildFigures(parts, withReference);
    const sides = withReference ? ["berth", "dockerd"] : ["berth"];
    console.log(`${table(figures, sides, [COMMANDS_ALONE])}\nBeside docker 26.1 with buildx.\n`);
    if (only !== undefined) return;
  }
  const lab = await openSides(withReference);
  const interrupted = (): void => void lab.close().finally(() => process.exit(130));
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  try {
    const names = lab.sides.map((side) => side.name);
    const versions = await Promise.all(
      lab.sides.map(
        async (side) => `${side.name} ${((await side.api("GET", "/version")) as { Version: string }).Version}`,
      ),
    );
    console.log(
      `${versions.join(" and ")} on Linux ${release()}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    );
    console.log("Each side with its own command line where a whole command is measured; medians, taken in turns.\n");
    const figures: Figure[] = [];
    for (const [name, measure] of Object.entries(measures)) {
      if (only !== undefined && !name.includes(only)) continue;
      const taken = await measure(lab.sides);
      figures.push(...taken);
      console.log(table(taken, names, besideSides(taken)));
    }
    console.log(
      `\nAll figures, ratio = how many times better ${names[0]} is:\n\n${table(figures, names, besideSides(figures))}`,
    );
    const path = argument("--json") ?? join(cacheDir(), "bench.json");
    writeFileSync(
      path,
      `${JSON.stringify({ at: new Date().toISOString(), kernel: release(), versions, figures }, undefined, 1)}\n`,
    );
    console.log(`\nWritten to ${path}`);
  } finally {
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
    await lab.close();
  }
}

await main();

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, createAndStart, eightAtATime, remove, startMany } from "./containers.ts";
import { inTurns, median, timed, type Figure } from "./measure.ts";
import type { Side } from "./sides.ts";

/** A container for each side during `act`. */
async function withContainers<T>(
  sides: readonly Side[],
  command: readonly string[],
  act: (idOf: (side: Side) => string) => Promise<T>,
): Promise<T> {
  const ids = new Map<Side, string>();
  try {
    for (const side of sides) ids.set(side, await createAndStart(side, command));
    return await act((side) => ids.get(side) ?? "");
  } finally {
    for (const [side, id] of ids) await remove(side, id);
  }
}

/** Ends at once when it is told to: what a restart takes then is the engine's time alone. */
const trapsTerm = ["sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait"];

/** Measures of a container's life beside its start. */
export const lifeMeasures = {
  "exec api": (sides: readonly Side[]): Promise<Figure[]> =>
    withContainers(sides, ["sleep", "3600"], (idOf) =>
      inTurns("exec true by the API", "ms", sides, 15, (side) => timed(() => execTrue(side, idOf(side)))),
    ),

  restart: (sides: readonly Side[]): Promise<Figure[]> =>
    withContainers(sides, trapsTerm, (idOf) =>
      inTurns("restart of a container that traps TERM", "ms", sides, 9, (side) =>
        timed(() => side.api("POST", `/containers/${idOf(side)}/restart`)),
      ),
    ),

  stats: (sides: readonly Side[]): Promise<Figure[]> =>
    withContainers(sides, ["sleep", "3600"], (idOf) =>
      inTurns("stats, one-shot", "ms", sides, 25, (side) =>
        timed(() => side.api("GET", `/containers/${idOf(side)}/stats?stream=0&one-shot=1`)),
      ),
    ),

  cp: async (sides: readonly Side[]): Promise<Figure[]> => {
    const sizeBytes = 100 << 20;
    const fileOf = (side: Side, name: string): string => join(side.engine.dir, "cp", name);
    for (const side of sides) {
      mkdirSync(join(side.engine.dir, "cp"), { recursive: true });
      // Bytes that do not compress, in pieces of what one call gives at most.
      const pieces = Array.from({ length: sizeBytes / 65536 }, () => crypto.getRandomValues(new Uint8Array(65536)));
      writeFileSync(fileOf(side, "in"), Buffer.concat(pieces));
    }
    try {
      return await withContainers(sides, ["sleep", "3600"], async (idOf) => [
        ...(await inTurns("docker cp of 100 MiB into a container", "ms", sides, 5, (side) =>
          timed(() => side.docker(["cp", "-q", fileOf(side, "in"), `${idOf(side)}:/file`])),
        )),
        ...(await inTurns("docker cp of 100 MiB out of a container", "ms", sides, 5, (side) =>
          timed(() => side.docker(["cp", "-q", `${idOf(side)}:/file`, fileOf(side, "out")])),
        )),
      ]);
    } finally {
      for (const side of sides) rmSync(join(side.engine.dir, "cp"), { recursive: true, force: true });
    }
  },

  "five hundred": async (sides: readonly Side[]): Promise<Figure[]> => {
    const figures: Figure[] = [];
    for (const side of sides) {
      const started = await startMany(side, 100);
      const ids = [...started, ...(await eightAtATime(400, () => create(side, ["true"])))];
      const note = async (measure: string, path: string): Promise<void> => {
        const samples: number[] = [];
        for (let round = 0; round < 21; round++) samples.push(await timed(() => side.api("GET", path)));
        figures.push({ measure, unit: "ms", side: side.name, value: median(samples), samples });
      };
      await note("list of 500 containers, 100 of them running", "/containers/json?all=1");
      await note("list of the 100 running ones", "/containers/json");
      await note("inspect of one of 500", `/containers/${started[50]}/json`);
      await eightAtATime(ids.length, (index) => remove(side, ids[index] ?? ""));
    }
    return figures;
  },
} as const;

async function execTrue(side: Side, id: string): Promise<void> {
  const exec = (await side.api("POST", `/containers/${id}/exec`, { Cmd: ["true"], AttachStdout: true })) as {
    readonly Id: string;
  };
  await side.raw("POST", `/exec/${exec.Id}/start`, {});
}

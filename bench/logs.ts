import { command } from "../tools/lab/command.ts";
import { berthCommand, cliEnvironment, dockerCli } from "../tools/lab/engines.ts";
import { inTurns, timed, type Figure } from "./measure.ts";
import type { Side } from "./sides.ts";

const lines = 1_000_000;
/** Each line of the large log: 99 characters. */
const line = "x".repeat(99);

async function create(side: Side, script: string, driver?: string): Promise<string> {
  const LogConfig = driver === undefined ? undefined : { Type: driver, Config: {} };
  const body = { Image: "busybox", Cmd: ["sh", "-c", script], HostConfig: { LogConfig } };
  return ((await side.api("POST", "/containers/create", body)) as { Id: string }).Id;
}

/** Milliseconds from the start to the end. */
const run = (side: Side, id: string): Promise<number> =>
  timed(async () => {
    await side.api("POST", `/containers/${id}/start`);
    await side.api("POST", `/containers/${id}/wait`);
  });

const remove = (side: Side, id: string): Promise<unknown> => side.api("DELETE", `/containers/${id}?force=1`);

/** What a person's command costs when its output goes nowhere. */
async function printed(side: Side, args: readonly string[]): Promise<number> {
  const program = side.name === "berth" ? berthCommand() : [await dockerCli()];
  const env = cliEnvironment(side.engine.host);
  return timed(async () => {
    const result = await command(["sh", "-c", 'exec "$@" > /dev/null', "sh", ...program, ...args], {
      env,
      timeoutMs: 900_000,
    });
    if (result.code !== 0) throw new Error(`${args.join(" ")}: ${result.stderr}`);
  });
}

/** The bytes of a log by the API, thrown away as they come. */
async function read(side: Side, id: string, query: string): Promise<number> {
  let bytes = 0;
  const response = await fetch(`http://engine/v1.41/containers/${id}/logs?stdout=1&${query}`, {
    unix: side.engine.socket,
  });
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
  return bytes;
}

/** One million short lines: written, and read back by the API and by each side's own command line. */
export async function manyLines(sides: readonly Side[]): Promise<Figure[]> {
  const script = `seq 1 ${lines}`;
  const figures = await inTurns("1,000,000 log lines written", "ms", sides, 5, async (side) => {
    const id = await create(side, script);
    const ms = await run(side, id);
    await remove(side, id);
    return ms;
  });
  const ids = new Map<Side, string>();
  for (const side of sides) {
    const id = await create(side, script);
    await run(side, id);
    ids.set(side, id);
  }
  const of = (side: Side): string => ids.get(side) ?? "";
  figures.push(
    ...(await inTurns("1,000,000 log lines read, API", "ms", sides, 5, (side) =>
      timed(async () => {
        const bytes = await read(side, of(side), "");
        if (bytes < lines * 8) throw new Error(`${side.name} gave ${bytes} bytes only`);
      }),
    )),
    ...(await inTurns("1,000,000 log lines read, command", "ms", sides, 5, (side) =>
      printed(side, ["logs", of(side)]),
    )),
    ...(await inTurns("the same with times", "ms", sides, 3, (side) => printed(side, ["logs", "-t", of(side)]))),
  );
  for (const [side, id] of ids) await remove(side, id);
  return figures;
}

/** A log of 1 GiB in one file that Docker reads too. */
export async function largeLog(sides: readonly Side[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  const ids = new Map<Side, string>();
  for (const side of sides) {
    const before = side.memory();
    const id = await create(side, `yes ${line} | head -c 1073741824`, "json-file");
    const ms = await run(side, id);
    const grown = Math.max(0, side.memory() - before);
    ids.set(side, id);
    figures.push({ measure: "1 GiB of log written", unit: "ms", side: side.name, value: ms, samples: [ms] });
    figures.push({
      measure: "engine's memory grown by it",
      unit: "MiB",
      side: side.name,
      value: grown,
      samples: [grown],
    });
  }
  const of = (side: Side): string => ids.get(side) ?? "";
  figures.push(
    ...(await inTurns("last 10 lines of 1 GiB, API", "ms", sides, 11, (side) =>
      timed(() => read(side, of(side), "tail=10")),
    )),
    ...(await inTurns("last 10 lines of 1 GiB, command", "ms", sides, 7, (side) =>
      printed(side, ["logs", "--tail", "10", of(side)]),
    )),
    ...(await inTurns("1 GiB of log read, command", "ms", sides, 1, (side) => printed(side, ["logs", of(side)]))),
  );
  for (const [side, id] of ids) await remove(side, id);
  return figures;
}

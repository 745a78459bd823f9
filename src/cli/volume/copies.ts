import { decimalSize } from "#base/units.ts";
import type { CliIo } from "../cli-io.ts";
import type { Handler } from "../command.ts";
import { pairs } from "../container/options/resource-options.ts";
import { eachOf } from "../each.ts";
import { map } from "../flags/flag-kind.ts";
import { rowFormatter, tableOf } from "../format/format-list.ts";
import { writeOutput } from "../streams/write-output.ts";

/** `volume clone`. */
export const cloneVolume: Handler = async ({ flags, args, io, client }) => {
  const [source = "", name = ""] = args;
  await (await client()).volumeCopies.clone(source, name, { live: flags.on("live") });
  io.stdout.write(`${name}\n`);
  return 0;
};

/** `volume snapshot`. */
export const snapshotVolume: Handler = async ({ flags, args, io, client }) => {
  const [volume = "", snapshot = ""] = args;
  const { Name, Paused } = await (await client()).volumeCopies.snapshot(volume, { snapshot, live: flags.on("live") });
  if (Paused.length > 0) io.stderr.write(`Paused meanwhile: ${Paused.join(", ")}\n`);
  io.stdout.write(`${volume}@${Name}\n`);
  return 0;
};

const COLUMNS = ["Name", "CreatedAt", "Size"];

/** `volume snapshots`. */
export const listSnapshots: Handler = async ({ flags, args, io, client }) => {
  const [volume = ""] = args;
  const asked = flags.text("format");
  const format = flags.on("quiet") ? "{{.Name}}" : asked === "" || asked === "table" ? tableOf(COLUMNS) : asked;
  const print = rowFormatter(format, {
    typeName: "snapshot",
    headers: { Name: "SNAPSHOT", CreatedAt: "CREATED AT" },
    columns: COLUMNS,
    mistake: "template parsing error",
  });
  const snapshots = await (await client()).volumeCopies.snapshots(volume);
  const rows = snapshots.map(({ Name, CreatedAt, Size }) => ({
    Name: `${volume}@${Name}`,
    CreatedAt,
    Size: decimalSize(Size, 3),
  }));
  io.stdout.write(print(rows));
  return 0;
};

/** `volume restore`. */
export const restoreVolume: Handler = async ({ args, io, client }) => {
  const [name = ""] = args;
  await (await client()).volumeCopies.restore(name);
  io.stdout.write(`${name}\n`);
  return 0;
};

/** `volume rename`. */
export const renameVolume: Handler = async ({ args, client }) => {
  const [name = "", to = ""] = args;
  await (await client()).volumeCopies.rename(name, to);
  return 0;
};

/** `volume lock` and `volume unlock`. */
export const lockVolumes =
  (locked: boolean): Handler =>
  async ({ args, io, client }) => {
    const api = await client();
    return eachOf(args, io, async (name) => {
      await api.volumeCopies.lock(name, locked);
      return name;
    });
  };

/** `volume export`: to a file, or to standard output when that is no terminal. */
export const exportVolume: Handler = async ({ flags, args, io, client }) => {
  const [name = ""] = args;
  const output = flags.text("output");
  if (output === "" && io.stdout.isTerminal()) {
    throw new Error("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  const body = await (await client()).volumeCopies.export(name);
  await writeOutput(io, output, body);
  return 0;
};

/** `volume import`: from a file, or from standard input. */
export const importVolume: Handler = async ({ flags, args, io, client }) => {
  const [name = "", file = "-"] = args;
  if (file === "-" && io.stdin.isTerminal()) {
    throw new Error("an archive is not typed: name a file, or give one on standard input");
  }
  const settings = { options: flags.get("opt", map), labels: pairs(flags.list("label")) };
  await (await client()).volumeCopies.import(name, file === "-" ? typed(io) : await io.readChunks(file), settings);
  io.stdout.write(`${name}\n`);
  return 0;
};

async function* typed({ stdin }: CliIo): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const chunk = await stdin.read();
    if (chunk === undefined) return;
    yield chunk;
  }
}

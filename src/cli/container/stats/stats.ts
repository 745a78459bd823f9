import { shortId } from "#base/ids.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Handler, Invocation } from "../../command.ts";
import { ExitError, shownMessage } from "../../errors.ts";
import { rowFormatter, tableOf, type Row } from "../../format/format-list.ts";
import { statsRow } from "./stats-row.ts";
import { StatsWatch } from "./stats-watch.ts";

const HEADERS = {
  ID: "CONTAINER ID",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  BlockIO: "BLOCK I/O",
  PIDs: "PIDS",
} as const;
const COLUMNS = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];
/** On a narrow terminal columns are left out, one after the other, as far as it takes. */
const LEFT_OUT = ["BlockIO", "NetIO", "ID", "PIDs", "MemPerc"];
const NARROWER = LEFT_OUT.map((_, last) => COLUMNS.filter((name) => !LEFT_OUT.slice(0, last + 1).includes(name)));
const REFRESH_MS = 500;

/**
 * `stats`: a table that is drawn anew twice a second, or once with `--no-stream`. Without names all containers that run
 * (or all there are) are in it, as they come and go.
 */
export const stats: Handler = async (invocation) => {
  const { flags, args, io, config } = invocation;
  const asked = flags.text("format") || (config.file.statsFormat ?? "");
  const isDefault = asked === "" || asked === "table";
  const printer = (format: string): ((rows: readonly Row[]) => string) =>
    rowFormatter(format, {
      typeName: "*container.statsContext",
      headers: HEADERS,
      columns: COLUMNS,
      mistake: "template parsing error",
    });
  const printAll = printer(isDefault ? tableOf(COLUMNS) : asked);
  const narrower = isDefault && !flags.on("no-trunc") ? NARROWER.map((columns) => printer(tableOf(columns))) : [];
  const print = (rows: readonly Row[]): string => {
    const columns = io.stdout.windowSize()?.columns || Infinity;
    let text = printAll(rows);
    for (const less of narrower) if (widest(text) > columns) text = less(rows);
    return text;
  };
  const stream = !flags.on("no-stream");
  const api = await invocation.client();
  const watches = new WatchList(api, stream);
  if (args.length > 0) for (const name of args) watches.add(name, name);
  else {
    // Listen first: what starts between the list and the events would be missed.
    if (stream) await followComings(invocation, api, watches);
    for (const { Id } of await api.containers.list({ all: flags.on("all") })) watches.add(Id, shortId(Id));
  }
  await watches.firstSamples(args.length > 0);
  const rows = (): readonly Row[] => watches.rows(!flags.on("no-trunc"));
  if (!stream) {
    io.stdout.write(print(rows()));
    return 0;
  }
  for (;;) {
    io.stdout.write(redrawn(print(rows()), io.stdout.windowSize()?.rows || Infinity));
    if (args.length > 0 && watches.lost) return 0;
    await io.sleep(REFRESH_MS);
    watches.check();
  }
};

/** From the first line of the screen on, over what was there before; no more lines than there are below it. */
function redrawn(text: string, rows: number): string {
  const lines = text
    .split("\n")
    .slice(0, -1)
    .slice(0, rows - 1);
  return `\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`;
}

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => Array.from(line.trimEnd()).length));
}

async function followComings({ flags }: Invocation, api: EngineClient, watches: WatchList): Promise<void> {
  const all = flags.on("all");
  const events = await api.system.events({ filters: { type: ["container"] } });
  const follow = async (): Promise<void> => {
    for await (const { Action, Actor } of events) {
      if (Action === "start" || (all && Action === "create")) watches.add(Actor.ID, shortId(Actor.ID));
      if (Action === "destroy" || (!all && Action === "die")) watches.remove(Actor.ID);
    }
  };
  void follow().then(
    () => watches.fail(new Error("the engine has ended the stream of its events")),
    (error: unknown) => watches.fail(error),
  );
}

class WatchList {
  readonly #api: EngineClient;
  readonly #stream: boolean;
  readonly #watches = new Map<string, StatsWatch>();
  #failure: { readonly error: unknown } | undefined;

  constructor(api: EngineClient, stream: boolean) {
    this.#api = api;
    this.#stream = stream;
  }

  add(id: string, reference: string): void {
    if (this.#watches.has(id)) return;
    this.#watches.set(id, new StatsWatch(this.#api, id, reference, { stream: this.#stream }));
  }

  remove(id: string): void {
    this.#watches.get(id)?.stop();
    this.#watches.delete(id);
  }

  fail(error: unknown): void {
    this.#failure = { error };
  }

  /** Throws what `fail` was told. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Wait for the first sample of each. One that cannot be had is an error when it was asked for by name. */
  async firstSamples(named: boolean): Promise<void> {
    const outcomes = await Promise.all([...this.#watches.values()].map(({ first }) => first));
    const failures = outcomes.filter((outcome) => outcome !== undefined);
    if (named && failures.length > 0) throw new ExitError(1, failures.map(shownMessage).join("\n"));
  }

  /** No sample will ever come again. */
  get lost(): boolean {
    return [...this.#watches.values()].every(({ watched }) => watched.lost);
  }

  rows(truncate: boolean): readonly Row[] {
    return [...this.#watches.values()].map(({ watched }) => statsRow(watched, truncate));
  }
}

import { isBerthError } from "#base/errors.ts";
import type { LogPrinter } from "../apply/log-printer.ts";
import { label } from "../engine/labels.ts";
import { isUp, observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { hasTerminal, logsOf } from "./read-logs.ts";
import { shortName } from "./stay-with.ts";

interface Following {
  readonly project: string;
  readonly containers: readonly ObservedContainer[];
  /** Of one that is started meanwhile. */
  readonly isMeant: (container: ObservedContainer) => boolean;
  readonly printer: LogPrinter;
}

const pollMs = 100;

/** `logs -f`: lines of containers as they come, of such too that are started meanwhile, until all have ended. */
export async function followLogs(invocation: ComposeInvocation, following: Following): Promise<void> {
  const { project, containers, isMeant, printer } = following;
  const client = await invocation.client();
  const alive = new Set<string>();
  const over = Promise.withResolvers<void>();
  const begin = (container: ObservedContainer, since?: string): void => {
    alive.add(container.id);
    followOne(invocation, container, following, since)
      .then(() => {
        alive.delete(container.id);
        if (alive.size === 0) over.resolve();
      })
      .catch(over.reject);
  };
  const started = await client.system.events({
    filters: { type: ["container"], event: ["start"], label: [`${label.project}=${project}`] },
  });
  for (const container of containers) begin(container);
  if (alive.size === 0) return;
  const followStarted = async (): Promise<void> => {
    for await (const { Actor, timeNano } of started) {
      if (alive.has(Actor.ID)) continue;
      const found = (await observeContainers(client, project)).find(({ id }) => id === Actor.ID);
      if (found === undefined || !isMeant(found)) continue;
      printer.expect([shortName(found, project)]);
      begin(found, new Date(Number(timeNano / 1_000_000n)).toISOString());
    }
  };
  // Nobody hears of what is started once it is over, when the connection is closed.
  followStarted().catch(() => undefined);
  await over.promise;
}

/** One container, over its restarts. Its end is told when it was up before. */
async function followOne(
  invocation: ComposeInvocation,
  container: ObservedContainer,
  { printer, project }: Following,
  since: string | undefined,
): Promise<void> {
  const { flags, io } = invocation;
  const { containers } = await invocation.client();
  const name = shortName(container, project);
  const sink = printer.sink(name, await hasTerminal(invocation, container));
  for (let from = since; ;) {
    const timestamps = flags.on("timestamps");
    const chunks = await logsOf(
      invocation,
      container,
      from === undefined ? { timestamps } : { timestamps, since: from },
    );
    for await (const chunk of chunks) sink.push(chunk);
    sink.end();
    if (!isUp(container) || flags.text("until") !== "") return;
    try {
      let { State } = await containers.inspect(container.id);
      for (; State.Restarting; { State } = await containers.inspect(container.id)) await io.sleep(pollMs);
      if (!State.Running) {
        printer.say(name, `exited with code ${State.ExitCode}`);
        return;
      }
      from = State.StartedAt;
    } catch (error) {
      if (isBerthError(error, "not-found")) return;
      throw error;
    }
  }
}

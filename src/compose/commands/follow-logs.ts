import { timestampParameter } from "#cli/format/timestamp.ts";
import type { LogPrinter } from "../apply/log-printer.ts";
import { label } from "../engine/labels.ts";
import { observeContainers, type ObservedContainer } from "../engine/observe.ts";
import { FollowedContainer } from "./followed-container.ts";
import { logFlags } from "./read-logs.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { shortName } from "./stay-with.ts";

interface Following {
  readonly project: string;
  /** Also of one that is started meanwhile. */
  readonly isMeant: (container: ObservedContainer) => boolean;
  readonly printer: LogPrinter;
}

/** `logs -f`: lines of containers as they come, of such too that are started meanwhile, until all have ended. */
export async function followLogs(invocation: ComposeInvocation, following: Following): Promise<void> {
  const { project, isMeant, printer } = following;
  const { flags, io } = invocation;
  const client = await invocation.client();
  const asked = logFlags(invocation);
  // Nothing of the past is what is written from now on, however late it is asked for.
  const past =
    asked.tail === "0"
      ? { since: timestampParameter((await client.system.info()).SystemTime, io.now()), tail: "all" }
      : asked;
  const followed = new Map<string, FollowedContainer>();
  const over = Promise.withResolvers<void>();
  const follow = (container: FollowedContainer): void => {
    container.follow().then(() => {
      if (followed.values().every(({ isFollowed }) => !isFollowed)) over.resolve();
    }, over.reject);
  };
  const add = (
    container: ObservedContainer,
    { since, tail }: { readonly since: string; readonly tail: string },
  ): void => {
    const one = new FollowedContainer({
      containers: client.containers,
      printer,
      sleep: (ms) => io.sleep(ms),
      id: container.id,
      name: shortName(container, project),
      timestamps: flags.on("timestamps"),
      since,
      until: asked.until,
      tail,
    });
    followed.set(container.id, one);
    follow(one);
  };
  const started = await client.system.events({
    filters: { type: ["container"], event: ["start"], label: [`${label.project}=${project}`] },
  });
  const found = (await observeContainers(client, project)).filter(isMeant);
  printer.expect(found.map((container) => shortName(container, project)));
  if (found.length === 0) return;
  for (const container of found) add(container, past);
  const followStarted = async (): Promise<void> => {
    for await (const { Actor } of started) {
      const known = followed.get(Actor.ID);
      if (known !== undefined) {
        follow(known);
        continue;
      }
      const container = (await observeContainers(client, project)).find(({ id }) => id === Actor.ID);
      if (container === undefined || !isMeant(container)) continue;
      printer.expect([shortName(container, project)]);
      add(container, { since: asked.since, tail: "all" });
    }
  };
  // Nobody hears of what is started once it is over, when the connection is closed.
  followStarted().catch(() => undefined);
  await over.promise;
}

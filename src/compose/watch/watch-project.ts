import { messageOf } from "#base/errors.ts";
import type { FileChanges } from "#cli/cli-io.ts";
import { observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { ApplyContext } from "../apply/context.ts";
import { runHook } from "../apply/run-hook.ts";
import { syncFiles, type SyncedFiles } from "./sync-files.ts";
import type { WatchRules, WatchWork } from "./watch-rules.ts";

export interface WatchOptions {
  readonly rules: WatchRules;
  readonly changes: FileChanges;
  readonly files: SyncedFiles & { list(folder: string): readonly string[] };
  readonly say: (sentence: string) => void;
  /** Build the services' images and put containers of them in the place of the old ones. */
  rebuild(services: readonly string[]): Promise<void>;
  /** Around what stops containers for a moment: who waits for their end waits on. */
  replacing(work: () => Promise<void>): Promise<void>;
  readonly signal: AbortSignal;
}

/** An editor saves several files, or one file in several steps. */
const quietMs = 100;

/** Act on changed files until the signal. What fails is told, and the next change is waited for. */
export async function watchProject(context: ApplyContext, options: WatchOptions): Promise<void> {
  const { rules, changes, files, say, signal } = options;
  const stop = (): void => changes.close();
  signal.addEventListener("abort", stop);
  try {
    await carriedOut(
      context,
      rules.initialSync((folder) => files.list(folder)),
      options,
    );
    say("Watch enabled");
    for (;;) {
      const paths = await changes.next(quietMs);
      if (paths === undefined || signal.aborted) return;
      await carriedOut(context, rules.workOf(paths), options);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    changes.close();
  }
}

async function carriedOut(context: ApplyContext, work: WatchWork, options: WatchOptions): Promise<void> {
  try {
    await carryOut(context, work, options);
  } catch (error) {
    options.say(`Error handling changed files: ${messageOf(error)}`);
  }
}

async function carryOut(context: ApplyContext, work: WatchWork, options: WatchOptions): Promise<void> {
  const { say } = options;
  const { client, project } = context;
  if (work.rebuild.length > 0) {
    say(`Rebuilding service(s) ${named(work.rebuild)} after changes were detected...`);
    await options.replacing(() => options.rebuild(work.rebuild));
    say(`service(s) ${named(work.rebuild)} successfully built`);
  }
  if (work.sync.size === 0 && work.restart.length === 0) return;
  const running = (await observeContainers(client, project.name)).filter(({ state }) => state === "running");
  const of = (service: string): readonly ObservedContainer[] =>
    running.filter((container) => container.service === service);
  for (const [service, pairs] of work.sync) {
    say(`Syncing service ${JSON.stringify(service)} after ${pairs.length} changes were detected`);
    await Promise.all(of(service).map(({ id }) => syncFiles(client, id, pairs, options.files)));
  }
  if (work.restart.length > 0) {
    await options.replacing(async () => {
      await Promise.all(work.restart.flatMap(of).map(({ id }) => client.containers.restart(id)));
    });
    say(`service(s) ${named(work.restart)} restarted`);
  }
  for (const [service, hooks] of work.exec) {
    for (const hook of hooks) {
      await Promise.all(of(service).map(({ id, name }) => runHook(context, id, hook, `${name} sync+exec`)));
    }
  }
}

const named = (services: readonly string[]): string =>
  `[${services.map((service) => JSON.stringify(service)).join(" ")}]`;

import { isBerthError } from "#base/errors.ts";
import { isUp, type ObservedContainer } from "../engine/observe.ts";
import { dependenciesOf } from "../engine/labels.ts";
import type { ServiceHook } from "../model/deploy.ts";
import { alongDependencies } from "./along-dependencies.ts";
import type { ApplyContext } from "./context.ts";
import { runHook } from "./run-hook.ts";

/** Stop one container, `pre_stop` first. Of what does not run it is told too, and nothing is asked of the engine. */
export async function stopContainer(
  context: ApplyContext,
  container: ObservedContainer,
  timeoutSeconds: number | undefined,
): Promise<void> {
  const id = `Container ${container.name}`;
  context.progress.report(id, "Stopping");
  if (!context.dryRun && isUp(container)) {
    const hooks: readonly ServiceHook[] = context.project.services.get(container.service)?.pre_stop ?? [];
    try {
      for (const hook of hooks) await runHook(context, container.id, hook, `${container.name} pre_stop`);
      await context.client.containers.stop(container.id, timeoutSeconds === undefined ? {} : { timeoutSeconds });
    } catch (error) {
      // It ended, or somebody removed it, meanwhile.
      if (!isBerthError(error, "not-found") && !isBerthError(error, "not-modified") && !isBerthError(error, "conflict"))
        throw error;
    }
  }
  context.progress.report(id, "Stopped", "done");
}

/** Work on containers, those that depend on others first, by the labels they were made with. */
export async function dependentsFirst(
  containers: readonly ObservedContainer[],
  work: (container: ObservedContainer) => Promise<void>,
): Promise<void> {
  const byService = Map.groupBy(containers, ({ service }) => service);
  await alongDependencies(
    [...byService.keys()],
    (name) => (byService.get(name) ?? []).flatMap(({ labels }) => dependenciesOf(labels)),
    async (name) => {
      await Promise.all((byService.get(name) ?? []).map(work));
    },
    { reverse: true },
  );
}

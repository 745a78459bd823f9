import type { Network, Volume } from "../load/project.ts";
import { observeContainers } from "../engine/observe.ts";
import type { ApplyContext } from "./context.ts";
import { removeContainer } from "./create-containers.ts";
import { stopContainer } from "./stop-containers.ts";

/** Away with a network that is described otherwise by now. Its containers are stopped first; they are made anew later. */
export async function removeChangedNetwork(context: ApplyContext, { name }: Network): Promise<void> {
  const { client, project, progress, dryRun } = context;
  const own = await observeContainers(client, project.name, { oneOff: true });
  const joined = own.filter(({ networks }) => networks.includes(name));
  await Promise.all(joined.map((container) => stopContainer(context, container, undefined)));
  progress.report(`Network ${name}`, "Removing");
  if (!dryRun) {
    await Promise.all(joined.map(({ id }) => client.networks.disconnect(name, id, { force: true })));
    await client.networks.remove(name);
  }
  progress.report(`Network ${name}`, "Removed", "done");
}

/** The same of a volume: its containers are removed, its content is lost. */
export async function removeChangedVolume(context: ApplyContext, { name }: Volume): Promise<void> {
  const { client, project, progress, dryRun } = context;
  const own = await observeContainers(client, project.name, { oneOff: true });
  const users = own.filter(({ summary }) => summary.Mounts.some((mount) => mount.Name === name));
  await Promise.all(users.map((container) => removeContainer(context, container, undefined)));
  progress.report(`Volume ${name}`, "Removing");
  if (!dryRun) await client.volumes.remove(name);
  progress.report(`Volume ${name}`, "Removed", "done");
}

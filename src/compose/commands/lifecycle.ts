import { BerthError, isBerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import { confirmed } from "#cli/prune/confirm.ts";
import { awaitRunning, startServices } from "../apply/start-services.ts";
import { tellStarts } from "../apply/tell-starts.ts";
import { dependentsFirst, stopContainer } from "../apply/stop-containers.ts";
import type { ApplyContext } from "../apply/context.ts";
import { removeContainer } from "../apply/create-containers.ts";
import { isUp, type ObservedContainer } from "../engine/observe.ts";
import { emptyProject, takeDown, unprovideAny } from "./down.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { withDependencies } from "../load/choose-services.ts";
import { inDependencyOrder } from "../plan/plan-up.ts";
import { activeContainers, applyContext, containersOf, openProjectName, progressOf } from "./session.ts";
import { timeoutFlag } from "./flag-readers.ts";

async function opened(invocation: ComposeInvocation) {
  const named = await openProjectName(invocation);
  const { name, project } = named;
  const progress = progressOf(invocation);
  const context = await applyContext(invocation, project ?? emptyProject(name, invocation), progress);
  const found = await containersOf(context.client, name, invocation.args, { project });
  const containers = invocation.args.length > 0 ? found : activeContainers(found, named);
  return { ...named, progress, context, containers };
}

/** `start`: containers that are there, and of what they depend on, in the order of their dependencies. */
export const start: ComposeHandler = async (invocation) => {
  const { context, progress, containers, project, active, name } = await opened(invocation);
  const hint = "`up` or `create` makes them.";
  if (project === undefined) {
    if (containers.length === 0)
      throw new BerthError("not-found", `no container found for project ${JSON.stringify(name)}: not found`, { hint });
    for (const { name: shown } of containers) progress.report(`Container ${shown}`, "Starting");
    if (!context.dryRun) await Promise.all(containers.map(({ id }) => context.client.containers.start(id)));
    for (const { name: shown } of containers) progress.report(`Container ${shown}`, "Started", "done");
  } else {
    const named = invocation.args.length > 0 ? invocation.args : [...active];
    const there = new Set((await containersOf(context.client, name, [])).map(({ service }) => service));
    const wanted = inDependencyOrder([...withDependencies(project.services, named).values()]);
    if (there.size === 0 && wanted[0] !== undefined)
      throw new BerthError("not-found", `service ${JSON.stringify(wanted[0].name)} has no container to start`, {
        hint,
      });
    const found = wanted.filter((service) => there.has(service.name));
    if (context.dryRun) {
      const kept = containers.map((old) => ({ kind: "keep", service: old.service, number: old.number, old }) as const);
      await tellStarts(context, found, kept);
      progress.close();
      return 0;
    }
    await startServices(context, found);
  }
  const timeoutSeconds = invocation.flags.number("wait-timeout");
  if (invocation.flags.on("wait")) await awaitRunning(context, containers, { timeoutSeconds });
  progress.close();
  return 0;
};

export const stop: ComposeHandler = async (invocation) => {
  const { context, progress, containers, active } = await opened(invocation);
  await dependentsFirst(containers, (container) => stopContainer(context, container, timeoutFlag(invocation)));
  await unprovideAny(context, invocation.args.length > 0 ? invocation.args : [...active], "stop");
  progress.close();
  return 0;
};

/** `restart`: the services and, unless `--no-deps`, those that asked to be restarted with them. */
export const restart: ComposeHandler = async (invocation) => {
  const { context, progress, containers, project } = await opened(invocation);
  const named = new Set(containers.map(({ service }) => service));
  const followers =
    invocation.flags.on("no-deps") || invocation.args.length === 0
      ? []
      : [...(project?.services.values() ?? [])].filter((service) =>
          Object.entries(service.depends_on).some(([name, { restart: follows }]) => follows && named.has(name)),
        );
  const all =
    followers.length === 0
      ? containers
      : await containersOf(context.client, context.project.name, [...named, ...followers.map(({ name }) => name)]);
  await Promise.all(
    all.map(async (container) => {
      const id = `Container ${container.name}`;
      progress.report(id, "Restarting");
      const timeoutSeconds = timeoutFlag(invocation);
      if (!context.dryRun)
        await context.client.containers.restart(container.id, timeoutSeconds === undefined ? {} : { timeoutSeconds });
      progress.report(id, "Started", "done");
    }),
  );
  progress.close();
  return 0;
};

/** A verb that is one request to each container that is up. */
function eachUp(
  done: string,
  act: (client: EngineClient, container: ObservedContainer) => Promise<void>,
): ComposeHandler {
  return async (invocation) => {
    const { context, progress, containers } = await opened(invocation);
    await Promise.all(
      containers.filter(isUp).map(async (container) => {
        if (!context.dryRun) await act(context.client, container);
        progress.report(`Container ${container.name}`, done, "done");
      }),
    );
    progress.close();
    return 0;
  };
}

export const pause = eachUp("Paused", (client, { id }) => client.containers.pause(id));

export const unpause = eachUp("Unpaused", (client, { id }) => client.containers.unpause(id));

/** `kill`; with `--remove-orphans` containers of services that the project does not have any more go. */
export const kill: ComposeHandler = async (invocation) => {
  const { context, progress, containers, project, name } = await opened(invocation);
  const running = containers.filter(isUp);
  if (running.length === 0) invocation.io.stderr.write("no container to kill\n");
  await Promise.all(running.map((container) => killContainer(context, container, invocation.flags.text("signal"))));
  if (invocation.flags.on("remove-orphans") && project !== undefined) {
    const all = await containersOf(context.client, name, []);
    await Promise.all(
      all
        .filter(({ service }) => !project.services.has(service))
        .map((container) => removeContainer(context, container, 0)),
    );
  }
  progress.close();
  return 0;
};

async function killContainer(
  { client, progress, dryRun }: ApplyContext,
  { id, name }: ObservedContainer,
  signal: string,
): Promise<void> {
  progress.report(`Container ${name}`, "Killing");
  try {
    if (!dryRun) await client.containers.kill(id, signal);
  } catch (error) {
    // It ended meanwhile.
    if (!isBerthError(error, "conflict") && !isBerthError(error, "not-found")) {
      progress.report(`Container ${name}`, "Error while Killing", "error");
      throw error;
    }
  }
  progress.report(`Container ${name}`, "Killed", "done");
}

/** `rm`: containers that do not run; with `-s` they are stopped first. */
export const remove: ComposeHandler = async (invocation) => {
  const { flags, io } = invocation;
  const { context, progress, containers } = await opened(invocation);
  const targets = flags.on("stop") ? containers : containers.filter((container) => !isUp(container));
  if (targets.length === 0) {
    io.stderr.write("No stopped containers\n");
    return 0;
  }
  const question = `Going to remove ${targets.map(({ name }) => name).join(", ")}`;
  if (flags.on("force")) io.stdout.write(`${question}\n`);
  else if (!(await confirmed(io, question))) return 0;
  await dependentsFirst(targets, (container) =>
    removeContainer(context, container, undefined, { volumes: flags.on("volumes"), ended: !flags.on("stop") }),
  );
  progress.close();
  return 0;
};

/** `wait`: until every container that runs has ended, or of those that have; the exit code is the last one's. */
export const wait: ComposeHandler = async (invocation) => {
  const { context, containers, name } = await opened(invocation);
  const running = containers.filter(isUp);
  if (containers.length === 0) throw new BerthError("not-found", `no containers for project ${JSON.stringify(name)}`);
  let last = 0;
  await Promise.all(
    (running.length > 0 ? running : containers).map(async ({ id }) => {
      last = (await (await context.client.containers.wait(id))()).StatusCode;
      invocation.io.stdout.write(`container ${JSON.stringify(id)} exited with status code ${last}\n`);
    }),
  );
  if (invocation.flags.on("down-project")) {
    const options = { images: "none", volumes: false, removeOrphans: true, timeoutSeconds: undefined } as const;
    await takeDown({ ...invocation, args: [] }, options);
  }
  return last;
};

import { BerthError, isBerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import { confirmed } from "#cli/prune/confirm.ts";
import { awaitRunning, startServices } from "../apply/start-services.ts";
import { dependentsFirst, stopContainer } from "../apply/stop-containers.ts";
import { removeContainer } from "../apply/create-containers.ts";
import { isUp, type ObservedContainer } from "../engine/observe.ts";
import { emptyProject, takeDown, unprovideAny } from "./down.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { applyContext, containersOf, openProjectName, progressOf } from "./session.ts";
import { chosen } from "./up.ts";
import { timeoutFlag } from "./flag-readers.ts";

async function opened(invocation: ComposeInvocation) {
  const { name, project } = await openProjectName(invocation);
  const progress = progressOf(invocation);
  const context = await applyContext(invocation, project ?? emptyProject(name, invocation), progress);
  const containers = await containersOf(context.client, name, invocation.args, { project });
  return { name, project, progress, context, containers };
}

/** `start`: containers that are there, in the order of their dependencies. */
export const start: ComposeHandler = async (invocation) => {
  const { context, progress, containers, project, name } = await opened(invocation);
  if (containers.length === 0)
    throw new BerthError("not-found", `no container found for project ${JSON.stringify(name)}: not found`, {
      hint: "`up` or `create` makes them.",
    });
  if (project === undefined) await Promise.all(containers.map(({ id }) => context.client.containers.start(id)));
  else {
    const there = new Set(containers.map(({ service }) => service));
    await startServices(
      context,
      chosen(project, invocation.args, false).filter((service) => there.has(service.name)),
    );
  }
  if (invocation.flags.on("wait")) {
    const seconds = invocation.flags.number("wait-timeout");
    await awaitRunning(
      context,
      containers,
      seconds > 0 ? AbortSignal.timeout(seconds * 1000) : new AbortController().signal,
    );
  }
  progress.close();
  return 0;
};

export const stop: ComposeHandler = async (invocation) => {
  const { context, progress, containers } = await opened(invocation);
  await dependentsFirst(containers, (container) => stopContainer(context, container, timeoutFlag(invocation)));
  await unprovideAny(context, invocation.args, "stop");
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

/** A verb that is one request to each container that `applies`. */
function eachContainer(
  words: readonly [doing: string, done: string],
  applies: (container: ObservedContainer) => boolean,
  act: (client: EngineClient, container: ObservedContainer, invocation: ComposeInvocation) => Promise<void>,
): ComposeHandler {
  return async (invocation) => {
    const { context, progress, containers } = await opened(invocation);
    await Promise.all(
      containers.filter(applies).map(async (container) => {
        const id = `Container ${container.name}`;
        progress.report(id, words[0]);
        if (!context.dryRun) await act(context.client, container, invocation);
        progress.report(id, words[1], "done");
      }),
    );
    progress.close();
    return 0;
  };
}

export const pause = eachContainer(
  ["Pausing", "Paused"],
  ({ state }) => state === "running",
  (client, { id }) => client.containers.pause(id),
);

export const unpause = eachContainer(
  ["Unpausing", "Unpaused"],
  ({ state }) => state === "paused",
  (client, { id }) => client.containers.unpause(id),
);

const killEach = eachContainer(["Killing", "Killed"], isUp, async (client, { id }, { flags }) => {
  try {
    await client.containers.kill(id, flags.text("signal"));
  } catch (error) {
    // It ended meanwhile.
    if (!isBerthError(error, "conflict") && !isBerthError(error, "not-found")) throw error;
  }
});

/** `kill`; with `--remove-orphans` containers of services that the project does not have any more go. */
export const kill: ComposeHandler = async (invocation) => {
  const code = await killEach(invocation);
  if (!invocation.flags.on("remove-orphans")) return code;
  const { context, progress, containers, project } = await opened({ ...invocation, args: [] });
  const orphans = containers.filter(
    ({ service }) => project?.services.has(service) === false && !project.disabledServices.has(service),
  );
  await Promise.all(orphans.map((container) => removeContainer(context, container, 0)));
  progress.close();
  return code;
};

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
    removeContainer(context, container, undefined, { volumes: flags.on("volumes") }),
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

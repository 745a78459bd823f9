import { BerthError, isBerthError } from "#base/errors.ts";
import { formatDuration } from "#base/units.ts";
import { isUp, observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { Dependency, Service } from "../load/project.ts";
import { alongDependencies } from "./along-dependencies.ts";
import type { ApplyContext } from "./context.ts";
import { runPreStartOf, type PreStartOptions } from "./pre-start.ts";
import { runHook } from "./run-hook.ts";
import { toldWithPlace, withPlace } from "./told-with-place.ts";

export interface StartOptions extends Pick<PreStartOptions, "output"> {
  /** Called with each container before it starts: who wants its output attaches here. */
  readonly beforeStart?: (container: ObservedContainer) => Promise<void>;
  /** Those of the project, when they are known. */
  readonly containers?: readonly ObservedContainer[] | undefined;
  /** Gives up waiting for health and ends. */
  readonly signal?: AbortSignal;
}

const pollMs = 100;

/**
 * Start the services' containers, each when what it depends on has come as far as it wants (05-services.md, depends_on). When
 * it throws, no start is under way any more.
 */
export async function startServices(
  context: ApplyContext,
  services: readonly Service[],
  options: StartOptions = {},
): Promise<void> {
  const containers = context.dryRun
    ? []
    : (options.containers ?? (await observeContainers(context.client, context.project.name)));
  const byName = new Map(services.map((service) => [service.name, service]));
  await alongDependencies(
    [...byName.keys()],
    (name) => Object.keys(byName.get(name)?.depends_on ?? {}),
    async (name) => {
      const service = byName.get(name);
      if (service === undefined) return;
      const own = containers.filter((container) => container.service === name);
      if (service["x-schedule"] !== undefined) {
        for (const { name: shown } of own) context.progress.report(`Container ${shown}`, "Scheduled", "done");
        return;
      }
      if (own.every(isUp) && own.length > 0) return;
      await awaitDependencies(context, service, containers, options);
      await runPreStartOf(context, service, own, options);
      const outcomes = await Promise.allSettled(
        own.filter((container) => !isUp(container)).map((container) => startOne(context, service, container, options)),
      );
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    },
  );
}

async function startOne(
  context: ApplyContext,
  service: Service,
  container: ObservedContainer,
  options: StartOptions,
): Promise<void> {
  const id = `Container ${container.name}`;
  if (options.signal?.aborted === true) throw new BerthError("cancelled", "canceled");
  context.progress.report(id, "Starting");
  try {
    await options.beforeStart?.(container);
    await toldWithPlace(
      context.project,
      (message) => startKey(service, message),
      () => context.client.containers.start(container.id),
    );
    for (const hook of service.post_start ?? [])
      await runHook(context, container.id, hook, `${container.name} post_start`);
  } catch (error) {
    context.progress.report(id, "Error", "error");
    throw error;
  }
  context.progress.report(id, "Started", "done");
}

/** What is to be looked at when the engine refuses to start a service's container. */
function startKey({ name, ports = [] }: Service, message: string): readonly string[] {
  const taken =
    /Bind for \S+:(\d+) failed: port is already allocated|failed to bind host port for \S+?:(\d+):\S+: address already in use/iu.exec(
      message,
    );
  const port = Number(taken?.[1] ?? taken?.[2]);
  const at = ports.findIndex(({ published }) => {
    const [first = "", last = first] = (published ?? "").split("-");
    return Number(first) <= port && port <= Number(last);
  });
  return at === -1 ? ["services", name] : ["services", name, "ports", String(at)];
}

async function awaitDependencies(
  context: ApplyContext,
  service: Service,
  containers: readonly ObservedContainer[],
  options: StartOptions,
): Promise<void> {
  await Promise.all(
    Object.entries(service.depends_on).map(async ([name, dependency]) => {
      const own = containers.filter((container) => container.service === name);
      if (dependency.condition === "service_started" || (own.length === 0 && !dependency.required)) return;
      try {
        const keys = ["services", service.name, "depends_on", name];
        const told = (why: string): string => withPlace(context.project, keys, why);
        await Promise.all(own.map((container) => reached(context, container, dependency, told, options.signal)));
      } catch (error) {
        if (dependency.required) throw error;
        context.progress.report(`Container ${own[0]?.name ?? name}`, "Skipped: it is not required", "warning");
      }
    }),
  );
}

async function reached(
  context: ApplyContext,
  container: ObservedContainer,
  { condition }: Dependency,
  told: (why: string) => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const id = `Container ${container.name}`;
  context.progress.report(id, "Waiting");
  const fail = (why: string): never => {
    context.progress.report(id, "Error", "error");
    throw new BerthError("unavailable", told(why));
  };
  for (;;) {
    if (signal?.aborted === true) throw new BerthError("cancelled", "canceled");
    const { State } = await inspected(context, container);
    if (condition === "service_completed_successfully") {
      if (State.Status === "exited") {
        if (State.ExitCode !== 0)
          fail(`service ${JSON.stringify(container.service)} didn't complete successfully: exit ${State.ExitCode}`);
        context.progress.report(id, "Exited", "done");
        return;
      }
    } else {
      if (State.Status === "exited" || State.Status === "dead")
        fail(`dependency failed to start: container ${container.name} exited (${State.ExitCode})`);
      if (State.Health === undefined && State.Status === "running")
        fail(`container ${container.name} has no healthcheck configured`);
      if (State.Health?.Status === "unhealthy")
        fail(`dependency failed to start: container ${container.name} is unhealthy`);
      if (State.Health?.Status === "healthy") {
        context.progress.report(id, "Healthy", "done");
        return;
      }
    }
    await context.sleep(pollMs);
  }
}

async function inspected(context: ApplyContext, container: ObservedContainer) {
  try {
    return await context.client.containers.inspect(container.id);
  } catch (error) {
    if (isBerthError(error, "not-found"))
      throw new BerthError("not-found", `No such container: ${container.name}`, { cause: error });
    throw error;
  }
}

export interface AwaitOptions {
  /** 0: as long as it takes. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
}

/**
 * Wait until every container runs, and is healthy where it says how (`up --wait`). `unavailable` when one ends or gets
 * unhealthy, `deadline` when it takes too long.
 */
export async function awaitRunning(
  context: ApplyContext,
  containers: readonly ObservedContainer[],
  { timeoutSeconds, signal }: AwaitOptions,
): Promise<void> {
  const deadline = timeoutSeconds > 0 ? AbortSignal.timeout(timeoutSeconds * 1000) : undefined;
  await Promise.all(
    containers.map(async (container) => {
      const id = `Container ${container.name}`;
      context.progress.report(id, "Waiting");
      for (;;) {
        if (signal?.aborted === true) throw new BerthError("cancelled", "canceled");
        if (deadline?.aborted === true)
          throw new BerthError(
            "deadline",
            `application not healthy after ${formatDuration(BigInt(timeoutSeconds) * 1_000_000_000n)}`,
            { hint: `Container ${container.name} was not ready.` },
          );
        const { State } = await inspected(context, container);
        const done = State.Status === "exited" && State.ExitCode === 0;
        if (State.Status === "exited" && !done)
          throw new BerthError("unavailable", `container ${container.name} exited (${State.ExitCode})`);
        if (State.Health?.Status === "unhealthy")
          throw new BerthError("unavailable", `container ${container.name} is unhealthy`);
        if (done || State.Health?.Status === "healthy" || (State.Health === undefined && State.Status === "running")) {
          context.progress.report(id, done ? "Exited" : "Healthy", "done");
          return;
        }
        await context.sleep(pollMs);
      }
    }),
  );
}

import { BerthError, messageOf } from "#base/errors.ts";
import type { ServiceUpdate } from "../model/deploy.ts";
import type { ObservedContainer } from "../engine/observe.ts";
import type { Service } from "../load/project.ts";
import type { ContainerStep } from "../plan/plan-up.ts";
import { parseDuration } from "../shape/duration.ts";
import { containerNameOf, type ApplyContext } from "./context.ts";
import { createContainer, timeoutOf, type CreateOptions } from "./create-containers.ts";
import { runPreStart } from "./pre-start.ts";
import { runHook } from "./run-hook.ts";

export type RecreateStep = Extract<ContainerStep, { kind: "recreate" }>;

/** A container in another's place; the old one is kept, stopped, until the update is through. */
interface Replaced {
  readonly step: RecreateStep;
  readonly name: string;
  readonly id: string;
}

const pollMs = 100;
const defaultMonitorMs = 5000;

/**
 * Replace a service's running containers a few at a time, as `deploy.update_config` says (deploy.md). A new one has to be
 * healthy, or, without a health check, to run for the time of `monitor`. When too many do not: with `rollback` every old
 * container is back as it was, with `pause` the rest stays as it is; both throw `unavailable`. With `continue` it goes on.
 */
export async function rollingUpdate(
  context: ApplyContext,
  service: Service,
  steps: readonly RecreateStep[],
  options: CreateOptions,
): Promise<void> {
  const update = service.deploy?.update_config ?? {};
  const atOnce = update.parallelism === 0 ? steps.length : (update.parallelism ?? 1);
  const replaced: Replaced[] = [];
  const failures: string[] = [];
  for (let first = 0; first < steps.length; first += atOnce) {
    if (first > 0) await context.sleep(milliseconds(update.delay) ?? 0);
    const outcomes = await Promise.all(
      steps
        .slice(first, first + atOnce)
        .map((step, index) => replace(context, service, step, { ...update, isFirst: first + index === 0 }, options)),
    );
    replaced.push(...outcomes.map(({ done }) => done).filter((done) => done !== undefined));
    failures.push(...outcomes.flatMap(({ failure }) => failure ?? []));
    const tooMany = failures.length > (update.max_failure_ratio ?? 0) * steps.length;
    if (!tooMany || update.failure_action === "continue") continue;
    const [why] = failures;
    const sentence = `update of service ${JSON.stringify(service.name)} `;
    if (update.failure_action === "rollback") {
      for (const one of replaced.toReversed()) await putBack(context, one, options);
      throw new BerthError("unavailable", `${sentence}was rolled back: ${why}`);
    }
    await Promise.all(replaced.map((one) => removeOld(context, one)));
    throw new BerthError("unavailable", `${sentence}is paused: ${why}`, {
      hint: "The next `up` goes on with it.",
    });
  }
  await Promise.all(replaced.map((one) => removeOld(context, one)));
}

interface Outcome {
  readonly done: Replaced | undefined;
  readonly failure?: string;
}

async function replace(
  context: ApplyContext,
  service: Service,
  step: RecreateStep,
  update: ServiceUpdate & { readonly isFirst: boolean },
  options: CreateOptions,
): Promise<Outcome> {
  const { client, progress, project } = context;
  const name = containerNameOf(project, service, step.number);
  const label = `Container ${name}`;
  const startFirst = update.order === "start-first";
  progress.report(label, "Updating");
  let id: string | undefined;
  try {
    const wanted = { name: temporaryName(step.old, name), number: step.number, replaces: step.old };
    id = await createContainer(context, service, wanted, options);
    await runPreStart(context, service, [{ id, name }], { shared: update.isFirst });
    if (!startFirst) await client.containers.stop(step.old.id, timeoutOf(options.stopTimeoutSeconds));
    await client.containers.start(id);
    for (const hook of service.post_start ?? []) await runHook(context, id, hook, `${name} post_start`);
    await proven(context, id, name, milliseconds(update.monitor) ?? defaultMonitorMs);
    if (startFirst) await client.containers.stop(step.old.id, timeoutOf(options.stopTimeoutSeconds));
    await swapNames(context, step.old, id, name);
    progress.report(label, "Updated", "done");
    return { done: { step, name, id } };
  } catch (error) {
    progress.report(label, "Error", "error");
    const failure = messageOf(error);
    if (id === undefined) return { done: undefined, failure };
    if (update.failure_action === "rollback") {
      await client.containers.remove(id, { force: true, volumes: false });
      await client.containers.start(step.old.id);
      return { done: undefined, failure };
    }
    await client.containers.stop(step.old.id, timeoutOf(options.stopTimeoutSeconds));
    await swapNames(context, step.old, id, name);
    return { done: { step, name, id }, failure };
  }
}

const temporaryName = (old: ObservedContainer, name: string): string => `${old.id.slice(0, 12)}_${name}`;

/** The new container takes the name, the old one gets it with its id in front. */
async function swapNames({ client }: ApplyContext, old: ObservedContainer, id: string, name: string): Promise<void> {
  await client.containers.rename(old.id, `${id.slice(0, 12)}_${name}`);
  await client.containers.rename(id, name);
}

/** Wait until it is healthy, or has run for long enough. `unavailable` when it ends or gets unhealthy. */
async function proven(context: ApplyContext, id: string, name: string, monitorMs: number): Promise<void> {
  const end = context.now() + monitorMs;
  for (;;) {
    const { State } = await context.client.containers.inspect(id);
    if (State.Status !== "running") throw new BerthError("unavailable", `container ${name} exited (${State.ExitCode})`);
    if (State.Health?.Status === "unhealthy") throw new BerthError("unavailable", `container ${name} is unhealthy`);
    if (State.Health?.Status === "healthy") return;
    if (State.Health === undefined && context.now() >= end) return;
    await context.sleep(pollMs);
  }
}

async function putBack(context: ApplyContext, { step, name, id }: Replaced, options: CreateOptions): Promise<void> {
  const { client, progress } = context;
  progress.report(`Container ${name}`, "Rolling back");
  await client.containers.stop(id, timeoutOf(options.stopTimeoutSeconds));
  await client.containers.remove(id, { force: true });
  await client.containers.rename(step.old.id, name);
  await client.containers.start(step.old.id);
  progress.report(`Container ${name}`, "Rolled back", "done");
}

const removeOld = ({ client }: ApplyContext, { step }: Replaced): Promise<void> =>
  client.containers.remove(step.old.id, { force: true });

function milliseconds(written: string | undefined): number | undefined {
  const nanoseconds = written === undefined ? undefined : parseDuration(written);
  return nanoseconds === undefined ? undefined : nanoseconds / 1e6;
}

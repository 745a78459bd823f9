import { BerthError } from "#base/errors.ts";
import type { CreateBody } from "#client/containers-api.ts";
import { Demultiplexer } from "#spec/docker/stdcopy.ts";
import type { InitContainer } from "../model/deploy.ts";
import type { Service } from "../load/project.ts";
import { environmentList } from "../engine/container-request.ts";
import { endpointsOf } from "../engine/endpoints.ts";
import { composeVersion, label } from "../engine/labels.ts";
import { observeContainers, type ObservedContainer } from "../engine/observe.ts";
import { defined } from "../engine/resources.ts";
import { containerNameOf, imageNameOf, type ApplyContext } from "./context.ts";

const preStart = "pre_start";
/** Of its output, in the message when it fails. */
const tailCharacters = 2000;

/** The container whose start waits. */
export interface PreStartTarget {
  readonly id: string;
  readonly name: string;
}

export interface PreStartOptions {
  /** False: only steps of each replica are run, the others have been. */
  readonly shared: boolean;
  /** Where the framed output of a step goes; nowhere otherwise. */
  readonly output?: (name: string) => { push(chunk: Uint8Array): void; end(): void };
  readonly signal?: AbortSignal | undefined;
}

/**
 * Run a service's `pre_start`, each step in a container of its own that shares the target's volumes and networks, one after
 * the other; steps that say `per_replica` once for each of `targets`, others for the first (05-services.md). What has
 * succeeded for a target is not run again when a later step failed. `unavailable` for a step that fails: its container is
 * kept, to be looked at.
 */
export async function runPreStart(
  context: ApplyContext,
  service: Service,
  targets: readonly PreStartTarget[],
  options: PreStartOptions,
): Promise<void> {
  const steps = service.pre_start ?? [];
  const [first] = targets;
  if (steps.length === 0 || first === undefined) return;
  const earlier = await clearEarlier(context, service, targets);
  const done: string[] = [...earlier.values()];
  for (const [index, step] of steps.entries()) {
    const of = step.per_replica === true ? targets : options.shared ? [first] : [];
    const todo = of.filter(({ id }) => !earlier.has(stepKey(id, index)));
    done.push(...(await Promise.all(todo.map((target) => runStep(context, service, index, step, target, options)))));
  }
  await Promise.all(done.map((id) => context.client.containers.remove(id, { force: true, volumes: true })));
}

const stepKey = (target: string, index: number): string => `${target} ${index}`;

/** Away with what an earlier run left behind, but for the steps that it succeeded in: their ids by step. */
async function clearEarlier(
  { client, project }: ApplyContext,
  service: Service,
  targets: readonly PreStartTarget[],
): Promise<ReadonlyMap<string, string>> {
  const known = new Set(targets.map(({ id }) => id));
  const all = await observeContainers(client, project.name, { hooks: true });
  const succeeded = new Map<string, string>();
  for (const hook of all.filter(({ labels }) => labels[label.hook] === preStart)) {
    if (hook.service !== service.name) continue;
    const target = hook.labels[label.hookOf] ?? "";
    if (known.has(target) && hook.summary.Status.startsWith("Exited (0)"))
      succeeded.set(stepKey(target, Number(hook.labels[label.hookStep])), hook.id);
    else await client.containers.remove(hook.id, { force: true, volumes: true });
  }
  return succeeded;
}

/** The id of its container, which is there when it succeeded and when it failed. */
async function runStep(
  context: ApplyContext,
  service: Service,
  index: number,
  step: InitContainer,
  target: PreStartTarget,
  { output, signal }: PreStartOptions,
): Promise<string> {
  const { client, progress } = context;
  const name = `${target.name}-${preStart}-${index}`;
  const shown = `Container ${name}`;
  progress.report(shown, "Running");
  const { Id } = await client.containers.create(stepRequest(context, service, index, step, target, name), {
    name,
    platform: service.platform ?? "",
  });
  const giveUp = (): Promise<void> =>
    client.containers.remove(Id, { force: true, volumes: true }).catch(() => undefined);
  const cancel = (): void => void giveUp();
  signal?.addEventListener("abort", cancel);
  try {
    const { stream } = await client.containers.attach(Id, { stream: true, stdout: true, stderr: true });
    const sink = output?.(`${service.name} ${preStart}`);
    const tail = new Tail();
    const wait = await client.containers.wait(Id, "next-exit", signal);
    await client.containers.start(Id);
    for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) {
      tail.push(chunk);
      sink?.push(chunk);
    }
    sink?.end();
    const { StatusCode } = await wait();
    if (StatusCode === 0) {
      progress.report(shown, "Exited", "done");
      return Id;
    }
    progress.report(shown, "Error", "error");
    throw new PreStartFailure(
      `service ${JSON.stringify(service.name)} ${preStart}[${index}] exited with code ${StatusCode}${tail.text()}`,
      name,
    );
  } catch (error) {
    if (!(error instanceof PreStartFailure)) await giveUp();
    if (signal?.aborted === true) throw new BerthError("cancelled", "canceled", { cause: error });
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/** The step itself failed: its container is kept. */
class PreStartFailure extends BerthError {
  constructor(message: string, container: string) {
    super("unavailable", message, { hint: `Its container is kept: docker logs ${container}` });
  }
}

function stepRequest(
  context: ApplyContext,
  service: Service,
  index: number,
  step: InitContainer,
  target: PreStartTarget,
  name: string,
): CreateBody {
  const { project } = context;
  const own = step.image === undefined;
  const { networkMode, endpoints } = endpointsOf(service, {
    project,
    containerName: name,
    useAliases: false,
    containerOf: (other) => {
      const found = project.services.get(other);
      return found === undefined ? other : containerNameOf(project, found, 1);
    },
  });
  return defined({
    Image: step.image ?? imageNameOf(project, service),
    Cmd: step.command ?? undefined,
    User: step.user ?? (own ? service.user : undefined),
    WorkingDir: step.working_dir ?? service.working_dir,
    Env: environmentList({ ...service.environment, ...step.environment }),
    Labels: {
      [label.project]: project.name,
      [label.service]: service.name,
      [label.version]: composeVersion,
      [label.hook]: preStart,
      [label.hookOf]: target.id,
      [label.hookStep]: String(index),
    },
    HostConfig: defined({ Privileged: step.privileged, VolumesFrom: [target.id], NetworkMode: networkMode }),
    NetworkingConfig: { EndpointsConfig: endpoints },
  });
}

/** The end of a framed output. */
class Tail {
  readonly #frames = new Demultiplexer();
  readonly #decoder = new TextDecoder();
  #text = "";

  push(chunk: Uint8Array): void {
    this.#frames.push(chunk, (_stream, bytes) => {
      this.#text = (this.#text + this.#decoder.decode(bytes, { stream: true })).slice(-tailCharacters);
    });
  }

  /** Behind a colon, when there is any. */
  text(): string {
    const text = this.#text.trim();
    return text === "" ? "" : `: ${text}`;
  }
}

/** Run what `pre_start` says before those of a service's containers that have never been started. */
export async function runPreStartOf(
  context: ApplyContext,
  service: Service,
  own: readonly ObservedContainer[],
  options: Omit<PreStartOptions, "shared">,
): Promise<void> {
  const fresh = own.filter(({ state }) => state === "created").toSorted((a, b) => a.number - b.number);
  await runPreStart(context, service, fresh, { ...options, shared: fresh.length === own.length });
}

import { BerthError } from "#base/errors.ts";
import { confirmed } from "#cli/prune/confirm.ts";
import { converge, type ConvergeOptions } from "../apply/converge.ts";
import { awaitRunning, startServices } from "../apply/start-services.ts";
import type { ApplyContext } from "../apply/context.ts";
import { withDependencies } from "../load/choose-services.ts";
import type { Project, Service } from "../load/project.ts";
import { observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { complete } from "./complete.ts";
import { applyContext, openProject, progressOf } from "./session.ts";
import { scaleOf, timeoutFlag, warn } from "./flag-readers.ts";
import { stayWith } from "./stay-with.ts";
import { tellStarts } from "../apply/tell-starts.ts";
import type { ContainerStep } from "../plan/plan-up.ts";
import { canceled, unlessInterrupted } from "./unless-interrupted.ts";
import { watchRules } from "./watch-files.ts";

/** `up`: make everything as the project says, start it, and stay with its output unless `-d`. */
export const up: ComposeHandler = async (invocation) => {
  checkFlags(invocation);
  const { flags, args, io } = invocation;
  const project = await openProject(invocation, { services: args });
  const from = flags.text("exit-code-from");
  if (from !== "" && !project.services.has(from)) throw new BerthError("not-found", `no such service: ${from}`);
  const progress = progressOf(invocation);
  const detached = flags.on("detach") || flags.on("wait");
  let planned: readonly ContainerStep[] = [];
  try {
    const { context, services, containers } = await unlessInterrupted(io, async () => {
      const whole = await complete(
        invocation,
        await applyContext(invocation, project, progress),
        chosen(project, args, flags.on("no-deps")),
      );
      const made = await converge(whole.context, {
        ...convergeOptions(invocation, project, whole.services, args),
        rolling: !flags.on("no-start") && !whole.context.dryRun,
        onPlan: (plan) => (planned = plan.containers),
      });
      return { ...whole, containers: made };
    });
    if (flags.on("no-start")) return 0;
    if (context.dryRun) {
      await tellStarts(context, services, planned);
      progress.close();
      if (!detached) io.stdout.write("end of 'compose up' output, interactive run is not supported in dry-run mode\n");
      return 0;
    }
    if (detached) {
      return await startDetached(invocation, context, services, containers);
    }
    const rules = flags.on("watch") ? watchRules(invocation, services) : undefined;
    return await stayWith(invocation, context, services, { named: args, rules });
  } finally {
    progress.close();
  }
};

/** What is to be taken back after an interrupt has so long. */
const graceMs = 2000;

/** Start and, with `--wait`, wait. An interrupt leaves what has started as it is. */
async function startDetached(
  invocation: ComposeInvocation,
  context: ApplyContext,
  services: readonly Service[],
  containers: readonly ObservedContainer[] | undefined,
): Promise<number> {
  const cancelled = new AbortController();
  const aborted = Promise.withResolvers<void>();
  const stopListening = ["SIGINT", "SIGTERM"].map((signal) =>
    invocation.io.onSignal(signal as "SIGINT", () => {
      cancelled.abort();
      aborted.resolve();
    }),
  );
  const work = async (): Promise<void> => {
    await startServices(context, services, { signal: cancelled.signal, containers });
    if (invocation.flags.on("wait")) await awaited(invocation, context, services, cancelled.signal);
  };
  try {
    await Promise.race([work(), aborted.promise.then(() => context.sleep(graceMs))]);
    if (cancelled.signal.aborted) throw canceled();
    return 0;
  } catch (error) {
    throw cancelled.signal.aborted ? canceled() : error;
  } finally {
    for (const stop of stopListening) stop();
  }
}

/** `create`: the same without starting. */
export const create: ComposeHandler = async (invocation) => {
  checkFlags(invocation);
  const project = await openProject(invocation, { services: invocation.args });
  const progress = progressOf(invocation);
  await unlessInterrupted(invocation.io, async () => {
    const { context, services } = await complete(
      invocation,
      await applyContext(invocation, project, progress),
      chosen(project, invocation.args, false),
    );
    await converge(context, convergeOptions(invocation, project, services, invocation.args));
  });
  progress.close();
  return 0;
};

/** `scale SERVICE=REPLICAS`. */
export const scale: ComposeHandler = async (invocation) => {
  const named = invocation.args.map((item) => item.split("=", 1)[0] ?? "");
  const project = await openProject(invocation, { services: named });
  const counts = scaleOf(invocation.args, project);
  const progress = progressOf(invocation);
  const { context, services } = await complete(
    invocation,
    await applyContext(invocation, project, progress),
    chosen(project, [...counts.keys()], invocation.flags.on("no-deps")),
  );
  let planned: readonly ContainerStep[] = [];
  await converge(context, {
    services,
    onPlan: (plan) => (planned = plan.containers),
    named: new Set(counts.keys()),
    recreate: "never",
    recreateDependencies: "never",
    removeOrphans: false,
    scale: counts,
    pull: "",
    build: "missing",
    renewVolumes: false,
    stopTimeoutSeconds: undefined,
    onWarning: (sentence) => warn(invocation, sentence),
  });
  await (context.dryRun ? tellStarts(context, services, planned) : startServices(context, services));
  progress.close();
  return 0;
};

export function chosen(project: Project, named: readonly string[], alone: boolean): readonly Service[] {
  const all = [...withDependencies(project.services, named).values()];
  const wanted = alone && named.length > 0 ? all.filter(({ name }) => named.includes(name)) : all;
  if (wanted.length === 0)
    throw new BerthError("invalid-parameter", "no service selected", {
      hint: "Every service has a profile: name one by --profile.",
    });
  return wanted;
}

const pullPolicies = ["always", "missing", "if_not_present", "never", "build"];

/** Refuses a `--pull` that is none. */
export function requirePullPolicy({ flags }: ComposeInvocation): void {
  if (flags.given("pull") && !pullPolicies.includes(flags.text("pull")))
    throw new BerthError("invalid-parameter", `invalid --pull option ${JSON.stringify(flags.text("pull"))}`);
}

/** Of `up`, and of `create`, which has fewer. */
function checkFlags(invocation: ComposeInvocation): void {
  const { flags } = invocation;
  const on = (flag: string): boolean => flags.has(flag) && flags.on(flag);
  const refuse = (sentence: string): never => {
    throw new BerthError("invalid-parameter", sentence);
  };
  const both = (one: string, other: string): void => {
    if (on(one) && on(other)) refuse(`--${one} and --${other} are incompatible`);
  };
  both("build", "no-build");
  both("force-recreate", "no-recreate");
  both("always-recreate-deps", "no-recreate");
  both("no-build", "watch");
  requirePullPolicy(invocation);
  const attaches = flags.has("attach") && flags.list("attach").length > 0;
  if (attaches && on("attach-dependencies")) refuse("cannot combine --attach and --attach-dependencies");
  const staying =
    on("abort-on-container-exit") ||
    on("abort-on-container-failure") ||
    on("attach-dependencies") ||
    on("watch") ||
    attaches ||
    (flags.has("exit-code-from") && flags.text("exit-code-from") !== "");
  if ((on("detach") || on("wait")) && staying)
    refuse(
      `--${on("wait") ? "wait" : "detach"} cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --exit-code-from, --attach, --attach-dependencies or --watch`,
    );
}

function convergeOptions(
  invocation: ComposeInvocation,
  project: Project,
  services: readonly Service[],
  named: readonly string[],
): ConvergeOptions {
  const { flags, io } = invocation;
  const recreate = flags.on("force-recreate") ? "force" : flags.on("no-recreate") ? "never" : "diverged";
  // `create` has fewer flags than `up`.
  const has = (flag: string): boolean => flags.has(flag) && flags.on(flag);
  const removesOrphans = has("remove-orphans") || /^(?:1|true)$/iu.test(io.env["COMPOSE_REMOVE_ORPHANS"] ?? "");
  const ignoresOrphans = /^(?:1|true)$/iu.test(io.env["COMPOSE_IGNORE_ORPHANS"] ?? "");
  return {
    services,
    named: new Set(named.length === 0 ? project.services.keys() : named),
    recreate,
    recreateDependencies: has("always-recreate-deps") ? "force" : recreate === "never" ? "never" : "diverged",
    removeOrphans: removesOrphans,
    scale: scaleOf(flags.list("scale"), project),
    allResources: invocation.global.on("all-resources"),
    pull: flags.text("pull") === "policy" ? "" : flags.text("pull"),
    build: has("build") ? "always" : has("no-build") ? "never" : "missing",
    renewVolumes: has("renew-anon-volumes"),
    stopTimeoutSeconds: timeoutFlag(invocation),
    mayLose: async (volume) =>
      has("yes") ||
      (io.stdin.isTerminal() &&
        (await confirmed(
          io,
          `Volume ${JSON.stringify(volume)} exists but does not match its description in the Compose file. It can be made anew; its data will be lost.`,
        ))),
    onWarning: (sentence) => {
      if (!(ignoresOrphans && sentence.startsWith("Found orphan"))) warn(invocation, sentence);
    },
  };
}

async function awaited(
  invocation: ComposeInvocation,
  context: ApplyContext,
  services: readonly Service[],
  cancelled: AbortSignal,
): Promise<void> {
  const names = new Set(services.filter((service) => service["x-schedule"] === undefined).map(({ name }) => name));
  const containers = (await observeContainers(context.client, context.project.name)).filter(({ service }) =>
    names.has(service),
  );
  await awaitRunning(context, containers, {
    timeoutSeconds: invocation.flags.number("wait-timeout"),
    signal: cancelled,
  });
}

import { isBerthError } from "#base/errors.ts";
import { observe, planOf } from "../apply/converge.ts";
import { imageNameOf, containerNameOf } from "../apply/context.ts";
import type { ContainerStep } from "../plan/plan-up.ts";
import type { Project, Service } from "../load/project.ts";
import { applyContext, openProject, progressOf } from "./session.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { chosen } from "./up.ts";
import { scaleOf } from "./flag-readers.ts";

/** `plan`: what `up` would change and why; nothing is changed. Exit code 0: nothing, 2: something, with `--exit-code`. */
export const plan: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const project = await openProject(invocation, { services: args });
  const services = chosen(project, args, false);
  const context = await applyContext(invocation, project, progressOf(invocation));
  const { ids, lines: images } = await imagesOf(invocation, project, services);
  const found = planOf(
    context,
    await observe(context),
    {
      services,
      named: new Set(args.length === 0 ? project.services.keys() : args),
      recreate: "diverged",
      recreateDependencies: "diverged",
      removeOrphans: flags.on("remove-orphans"),
      scale: scaleOf(flags.list("scale"), project),
    },
    ids,
  );
  const lines = [
    ...images,
    ...found.networks.map(({ name }) => `+ network ${name}`),
    ...found.volumes.map(({ name }) => `+ volume ${name}`),
    ...found.changedNetworks.map(({ name }) => `~ network ${name}: make anew, because its configuration changed`),
    ...found.changedVolumes.map(
      ({ name }) => `? volume ${name}: its configuration changed; up asks before it is made anew`,
    ),
    ...found.containers.flatMap((step) => stepLine(step, project)),
  ];
  const stays = flags.on("remove-orphans")
    ? []
    : found.orphans.map(
        ({ name }) => `? container ${name}: its service is not in the project; --remove-orphans removes it`,
      );
  const told = [...lines, ...stays];
  io.stdout.write(told.length === 0 ? "Nothing would change.\n" : told.map((line) => `${line}\n`).join(""));
  return flags.on("exit-code") && lines.length > 0 ? 2 : 0;
};

function stepLine(step: ContainerStep, project: Project): readonly string[] {
  const service = project.services.get(step.service);
  switch (step.kind) {
    case "keep":
      return step.old.state === "running" || service?.["x-schedule"] !== undefined
        ? []
        : [`~ container ${step.old.name}: start (it is ${step.old.state})`];
    case "create":
      return [`+ container ${service === undefined ? step.service : containerNameOf(project, service, step.number)}`];
    case "recreate":
      return [
        `~ container ${step.old.name}: recreate, because ${step.why === "asked for" ? "it was asked for" : step.why}`,
      ];
    case "remove":
      return [`- container ${step.old.name}: ${step.why}`];
  }
}

async function imagesOf(invocation: ComposeInvocation, project: Project, services: readonly Service[]) {
  const client = await invocation.client();
  const ids = new Map<string, string>();
  const lines = new Set<string>();
  await Promise.all(
    services.map(async (service) => {
      const image = imageNameOf(project, service);
      try {
        ids.set(service.name, (await client.images.inspect(image)).Id);
      } catch (error) {
        if (!isBerthError(error, "not-found")) throw error;
        lines.add(`+ image ${image}: ${service.build === undefined ? "pull" : "build"}`);
      }
    }),
  );
  return { ids, lines: [...lines] };
}

import { BerthError, messageOf } from "#base/errors.ts";
import { quietProgress } from "../apply/progress.ts";
import { buildsOnce } from "../apply/builds-once.ts";
import { imageNameOf } from "../apply/context.ts";
import { hasImage } from "../engine/has-image.ts";
import { asCommand } from "./as-command.ts";
import type { Service } from "../load/project.ts";
import { applyContext, openProject, progressOf } from "./session.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { chosen } from "./up.ts";
import { silent, withStreams } from "./with-streams.ts";

/** `pull`: the services' images, those that are built only when they are named. */
export const pull: ComposeHandler = async (invocation) => {
  const { flags, args, io } = invocation;
  const project = await openProject(invocation, { services: args });
  const services = chosen(project, args, !flags.on("include-deps"));
  const progress = flags.on("quiet") ? quietProgress : progressOf(invocation, "Pulling");
  const context = await applyContext(invocation, project, progress);
  const failures: unknown[] = [];
  const done = new Set<string>();
  await Promise.all(
    services.map(async (service) => {
      const image = imageNameOf(project, service);
      const id = `Image ${image}`;
      if (done.has(image) || service.provider !== undefined) return;
      done.add(image);
      if (service.image === undefined) {
        progress.report(id, "Skipped - No image to be pulled", "done");
        return;
      }
      if (service.build !== undefined && flags.on("ignore-buildable")) {
        progress.report(id, "Skipped - Image can be built", "done");
        return;
      }
      if (flags.text("policy") === "missing" && (await hasImage(context.client, image))) {
        progress.report(id, "Skipped - Image is already present locally", "done");
        return;
      }
      progress.report(id, "Pulling");
      try {
        if (!context.dryRun) await context.parallel.run(() => context.pull(image, service.platform ?? ""));
        progress.report(id, "Pulled", "done");
      } catch (error) {
        failures.push(error);
        const canBeBuilt = service.build !== undefined;
        progress.report(
          id,
          `${canBeBuilt ? "Warning" : "Error"} ${messageOf(error)}`,
          canBeBuilt ? "warning" : "error",
        );
        if (canBeBuilt)
          io.stderr.write(
            `WARNING: Some service image(s) must be built from source by running:\n    ${io.programName} compose build ${service.name}\n`,
          );
      }
    }),
  );
  progress.close();
  if (failures.length > 0 && !flags.on("ignore-pull-failures")) throw failures[0];
  return 0;
};

/** `push`: the images that are built. */
export const push: ComposeHandler = async (invocation) => {
  const { flags, args, global, io } = invocation;
  const project = await openProject(invocation, { services: args });
  const buildable = chosen(project, args, !flags.on("include-deps")).filter(({ build }) => build !== undefined);
  const progress = progressOf(invocation, "Pushing");
  for (const service of buildable) {
    const image = imageNameOf(project, service);
    if (global.on("dry-run")) {
      progress.report(`Image ${image}`, "Pushed", "done");
      continue;
    }
    try {
      await pushed(invocation, image, flags.on("quiet"));
    } catch (error) {
      if (!flags.on("ignore-push-failures")) throw error;
      if (!flags.on("quiet")) io.stderr.write(`${messageOf(error)}\n`);
    }
  }
  return 0;
};

/** With what the engine tells of it, or without a word. */
async function pushed(invocation: ComposeInvocation, image: string, quiet: boolean): Promise<void> {
  const { io } = invocation;
  if (!quiet) await asCommand(invocation, "push", [image]);
  else
    await asCommand({ ...invocation, io: withStreams(io, { stdout: silent(io.stdout) }) }, "push", ["--quiet", image]);
}

/** `build`: the services that have a build section. */
export const build: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const builder = flags.text("builder");
  if (builder !== "" && builder !== "default")
    throw new BerthError("not-found", `no builder ${JSON.stringify(builder)} found`, {
      hint: "The engine builds by itself; its builder is called default.",
    });
  if (flags.text("progress") !== "")
    invocation.io.stderr.write(
      "--progress is a global compose flag, better use `docker compose --progress xx build ...\n",
    );
  const project = await openProject(invocation, { services: args });
  const services = chosen(project, args, !flags.on("with-dependencies")).filter(
    (service): service is Service & { build: object } => service.build !== undefined,
  );
  const progress = progressOf(invocation, "Building");
  const context = await applyContext(invocation, project, progress);
  if (flags.on("print")) {
    const { bakeFile } = await import("./bake-file.ts");
    invocation.io.stdout.write(`${JSON.stringify(bakeFile(project, services, invocation), undefined, 2)}\n`);
    return 0;
  }
  await Promise.all(services.map(buildsOnce(context)));
  progress.close();
  if (flags.on("push") && !context.dryRun) {
    for (const service of services) await pushed(invocation, imageNameOf(project, service), flags.on("quiet"));
  }
  return 0;
};

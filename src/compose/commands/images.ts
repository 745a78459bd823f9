import { BerthError, messageOf } from "#base/errors.ts";
import { quietProgress } from "../apply/progress.ts";
import { buildsOnce } from "../apply/builds-once.ts";
import { imageNameOf } from "../apply/context.ts";
import { asCommand } from "./as-command.ts";
import type { Service } from "../load/project.ts";
import { applyContext, openProject, progressOf } from "./session.ts";
import type { ComposeHandler } from "./subcommand.ts";
import { chosen } from "./up.ts";

/** `pull`: the services' images, those that are built only when they are named. */
export const pull: ComposeHandler = async (invocation) => {
  const { flags, args, io } = invocation;
  const project = await openProject(invocation, { services: args });
  const services = chosen(project, args, !flags.on("include-deps"));
  const progress = flags.on("quiet") ? quietProgress : progressOf(invocation, "Pulling");
  const context = await applyContext(invocation, project, progress);
  const failures: string[] = [];
  const done = new Set<string>();
  await Promise.all(
    services.map(async (service) => {
      const image = imageNameOf(project, service);
      const id = `Image ${image}`;
      if (done.has(image) || service.provider !== undefined) return;
      done.add(image);
      if (service.image === undefined || (service.build !== undefined && flags.on("ignore-buildable"))) {
        progress.report(id, "Skipped - No image to be pulled", "done");
        return;
      }
      if (flags.text("policy") === "missing" && (await isThere(context.client, image))) {
        progress.report(id, "Skipped - Image is already present locally", "done");
        return;
      }
      progress.report(id, "Pulling");
      try {
        if (!context.dryRun) await context.parallel.run(() => context.pull(image, service.platform ?? ""));
        progress.report(id, "Pulled", "done");
      } catch (error) {
        progress.report(id, `Error ${messageOf(error)}`, "error");
        if (service.build === undefined) failures.push(messageOf(error));
        else
          io.stderr.write(
            `WARNING: Some service image(s) must be built from source by running:\n    ${io.programName} compose build ${service.name}\n`,
          );
      }
    }),
  );
  progress.close();
  const [failure] = failures;
  if (failure !== undefined && !flags.on("ignore-pull-failures")) throw new BerthError("unavailable", failure);
  return 0;
};

async function isThere(
  client: { readonly images: { inspect(name: string): Promise<unknown> } },
  image: string,
): Promise<boolean> {
  return client.images.inspect(image).then(
    () => true,
    () => false,
  );
}

/** `push`: the images that are built. */
export const push: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const project = await openProject(invocation, { services: args });
  const buildable = chosen(project, args, !flags.on("include-deps")).filter(({ build }) => build !== undefined);
  let failed = 0;
  for (const service of buildable) {
    const words = [...(flags.on("quiet") ? ["--quiet"] : []), imageNameOf(project, service)];
    try {
      failed = (await asCommand(invocation, "push", words)) || failed;
    } catch (error) {
      if (!flags.on("ignore-push-failures")) throw error;
      failed = 0;
    }
  }
  return flags.on("ignore-push-failures") ? 0 : failed;
};

/** `build`: the services that have a build section. */
export const build: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const builder = flags.text("builder");
  if (builder !== "" && builder !== "default")
    throw new BerthError("not-found", `no builder ${JSON.stringify(builder)} found`, {
      hint: "The engine builds by itself; its builder is called default.",
    });
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
    for (const service of services) await asCommand(invocation, "push", [imageNameOf(project, service)]);
  }
  return 0;
};

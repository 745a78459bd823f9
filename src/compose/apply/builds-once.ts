import { servicesBuiltBefore } from "../model/build.ts";
import type { Service } from "../load/project.ts";
import { imageNameOf, type ApplyContext } from "./context.ts";

export type BuildOnce = (service: Service) => Promise<void>;

/** Builds of one go: each image once, those that it takes files from before it, all others at the same time. */
export function buildsOnce(context: ApplyContext): BuildOnce {
  const { project, progress } = context;
  const begun = new Map<string, Promise<void>>();
  const build: BuildOnce = (service) => {
    const known = begun.get(service.name);
    if (known !== undefined) return known;
    const work = (async () => {
      const others = servicesBuiltBefore(service).flatMap(
        (name) => project.services.get(name) ?? project.disabledServices.get(name) ?? [],
      );
      await Promise.all(others.filter((other) => other.build !== undefined).map(build));
      const image = imageNameOf(project, service);
      progress.report(`Image ${image}`, "Building");
      if (!context.dryRun) await context.parallel.run(() => context.build(service, image));
      progress.report(`Image ${image}`, "Built", "done");
    })();
    begun.set(service.name, work);
    return work;
  };
  return build;
}

import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { parseDuration } from "../shape/duration.ts";
import type { Service } from "../load/project.ts";
import { buildsOnce, type BuildOnce } from "./builds-once.ts";
import { imageNameOf, type ApplyContext } from "./context.ts";
import { toldWithPlace } from "./told-with-place.ts";

export interface ImageOptions {
  /** By flag: over each service's own policy. */
  readonly pull: string;
  readonly build: "missing" | "always" | "never";
  onWork?(): void;
}

/** Pull or build what the services need; image ids by service. `onWork` is called when something has to be. */
export async function ensureImages(
  context: ApplyContext,
  services: readonly Service[],
  options: ImageOptions,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const byImage = new Map<string, Promise<string>>();
  const build = buildsOnce(context);
  await Promise.all(
    services
      .filter(({ provider }) => provider === undefined)
      .map(async (service) => {
        const image = imageNameOf(context.project, service);
        const key = service.build === undefined ? image : `${image} ${service.name}`;
        const work = byImage.get(key) ?? ensureImage(context, service, image, options, build);
        byImage.set(key, work);
        ids.set(service.name, await work);
      }),
  );
  await Promise.all([...otherImages(services)].map((image) => pullMissing(context, image)));
  return ids;
}

/** Images beside a service's own: those of its `pre_start`, and those that it mounts. */
function otherImages(services: readonly Service[]): ReadonlySet<string> {
  return new Set(
    services.flatMap(({ pre_start = [], volumes = [] }) => [
      ...pre_start.flatMap(({ image }) => image ?? []),
      ...volumes.flatMap(({ type, source }) => (type === "image" && source !== undefined ? [source] : [])),
    ]),
  );
}

async function pullMissing(context: ApplyContext, image: string): Promise<void> {
  if ((await imageOf(context, image)) !== undefined) return;
  const id = `Image ${image}`;
  context.progress.report(id, "Pulling");
  try {
    if (!context.dryRun) await context.parallel.run(() => context.pull(image, ""));
    context.progress.report(id, "Pulled", "done");
  } catch (error) {
    context.progress.report(id, `Error ${messageOf(error)}`, "error");
    throw error;
  }
}

async function ensureImage(
  context: ApplyContext,
  service: Service,
  image: string,
  options: ImageOptions,
  build: BuildOnce,
): Promise<string> {
  const found = await toldWithPlace(
    context.project,
    () => ["services", service.name, "image"],
    () => imageOf(context, image),
  );
  const policy = options.pull || service.pull_policy || "missing";
  const buildable = service.build !== undefined;
  if (
    buildable &&
    (options.build === "always" || policy === "build" || (found === undefined && options.build !== "never"))
  ) {
    await build(service);
    return (await imageOf(context, image))?.Id ?? "";
  }
  if (
    wantsPull(policy, service.pull_refresh_after, found, context.now()) &&
    !(buildable && service.image === undefined)
  ) {
    options.onWork?.();
    await pulled(context, service, image, { policy, present: found !== undefined, build });
    return (await imageOf(context, image))?.Id ?? "";
  }
  if (found !== undefined) return found.Id;
  if (buildable)
    throw new BerthError(
      "not-found",
      `service ${JSON.stringify(service.name)} has no image ${image}, and it may not be built`,
      { hint: "Leave --no-build out." },
    );
  throw new BerthError("not-found", `No such image: ${image}`, {
    hint: `The pull policy of service ${service.name} is ${policy}.`,
  });
}

interface FoundImage {
  readonly Id: string;
  readonly pulledMs: number;
}

async function imageOf({ client }: ApplyContext, image: string): Promise<FoundImage | undefined> {
  try {
    const { Id, Metadata, Created } = await client.images.inspect(image);
    return { Id, pulledMs: Date.parse(Metadata?.LastTagTime ?? Created ?? "") };
  } catch (error) {
    if (isBerthError(error, "not-found")) return undefined;
    throw error;
  }
}

const dayMs = 86_400_000;

function wantsPull(
  policy: string,
  refreshAfter: string | undefined,
  found: FoundImage | undefined,
  nowMs: number,
): boolean {
  if (policy === "never" || policy === "build") return false;
  if (policy === "always") return true;
  if (found === undefined || policy === "missing") return found === undefined;
  const every =
    policy === "daily"
      ? dayMs
      : policy === "weekly"
        ? 7 * dayMs
        : (parseDuration(policy === "refresh" ? (refreshAfter ?? "24h") : policy.replace("every_", "")) ?? 0) / 1e6;
  return !(nowMs - found.pulledMs < every);
}

async function pulled(
  context: ApplyContext,
  service: Service,
  image: string,
  { policy, present, build }: { readonly policy: string; readonly present: boolean; readonly build: BuildOnce },
): Promise<void> {
  const id = `Image ${image}`;
  context.progress.report(id, "Pulling");
  try {
    if (!context.dryRun) await context.parallel.run(() => context.pull(image, service.platform ?? ""));
    context.progress.report(id, "Pulled", "done");
  } catch (error) {
    // An image that is there serves when its registry does not; a build may make what cannot be pulled.
    if (service.build !== undefined && policy !== "always") {
      context.progress.report(id, "Warning: cannot be pulled, it is built", "warning");
      await build(service);
      return;
    }
    context.progress.report(id, `Error ${messageOf(error)}`, "error");
    if (!present || policy === "always") throw error;
  }
}

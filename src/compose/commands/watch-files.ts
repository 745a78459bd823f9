import { join } from "node:path";
import { BerthError } from "#base/errors.ts";
import type { CliIo, LocalFiles } from "#cli/cli-io.ts";
import { converge } from "../apply/converge.ts";
import { imageNameOf, type ApplyContext } from "../apply/context.ts";
import { startServices } from "../apply/start-services.ts";
import type { Service } from "../load/project.ts";
import { watchProject, type WatchOptions } from "../watch/watch-project.ts";
import { WatchRules } from "../watch/watch-rules.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { warn } from "./flag-readers.ts";

/** `invalid-parameter` when no service has a rule. */
export function watchRules({ io, ...invocation }: ComposeInvocation, services: readonly Service[]): WatchRules {
  const rules = new WatchRules(services, (service) => ignoreFile(io, service));
  for (const warning of rules.warnings) warn({ io, ...invocation }, warning);
  if (rules.roots.length === 0)
    throw new BerthError(
      "invalid-parameter",
      "none of the selected services is configured for watch, consider setting a 'develop' section",
    );
  return rules;
}

/** The text of `DOCKERFILE.dockerignore` or `.dockerignore` of the build context. */
function ignoreFile(io: CliIo, { build }: Service): string | undefined {
  const context = build?.context;
  if (context === undefined || !context.startsWith("/")) return undefined;
  return (
    io.readFile(`${join(context, build?.dockerfile ?? "Dockerfile")}.dockerignore`) ??
    io.readFile(join(context, ".dockerignore"))
  );
}

interface WatchUse extends Pick<WatchOptions, "say" | "replacing" | "signal"> {
  /** Services that were built anew run again. */
  started(services: readonly string[]): Promise<void>;
}

/** Watch until the signal. */
export async function watchFiles(
  invocation: ComposeInvocation,
  context: ApplyContext,
  rules: WatchRules,
  use: WatchUse,
): Promise<void> {
  const { io } = invocation;
  const trees = await io.trees();
  const changes = await io.watchTrees(rules.roots, (path) => rules.isSkipped(path));
  await watchProject(context, {
    ...use,
    rules,
    changes,
    files: {
      kind: (path, follow) => trees.kind(path, follow),
      archiveAll: (items) => trees.archiveAll(items),
      list: (folder) => filesBelow(trees, folder, (path) => rules.isSkipped(path)),
    },
    async rebuild(services) {
      await rebuild(invocation, context, services);
      await use.started(services);
    },
  });
}

function filesBelow(trees: LocalFiles, path: string, isSkipped: (path: string) => boolean): readonly string[] {
  const kind = trees.kind(path, true);
  if (kind === undefined) return [];
  if (kind !== "directory") return [path];
  return trees
    .names(path)
    .map((name) => join(path, name))
    .filter((below) => !isSkipped(below))
    .flatMap((below) => (trees.kind(below, false) === "symlink" ? [below] : filesBelow(trees, below, isSkipped)));
}

async function rebuild(invocation: ComposeInvocation, context: ApplyContext, names: readonly string[]): Promise<void> {
  const { client, project } = context;
  const services = names.flatMap((name) => project.services.get(name) ?? []);
  const idOf = async (service: Service): Promise<string | undefined> =>
    client.images.inspect(imageNameOf(project, service)).then(
      ({ Id }) => Id,
      () => undefined,
    );
  const before = await Promise.all(services.map(idOf));
  for (const service of services) await context.build(service, imageNameOf(project, service));
  await converge(context, reconvergence(invocation, services));
  await startServices(context, services);
  const after = await Promise.all(services.map(idOf));
  if (invocation.flags.has("prune") && !invocation.flags.on("prune")) return;
  // In use by something else, or named: it stays.
  for (const id of before)
    if (id !== undefined && !after.includes(id)) await client.images.remove(id).catch(() => undefined);
}

/** How services are brought to what the file says when nobody gave flags for it. */
export function reconvergence(invocation: ComposeInvocation, services: readonly Service[]) {
  return {
    services,
    named: new Set(services.map(({ name }) => name)),
    recreate: "diverged",
    recreateDependencies: "never",
    removeOrphans: false,
    scale: new Map(),
    pull: "",
    build: "missing",
    renewVolumes: false,
    stopTimeoutSeconds: undefined,
    onWarning: (sentence: string) => warn(invocation, sentence),
  } as const;
}

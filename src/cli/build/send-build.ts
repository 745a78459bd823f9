import { isBerthError } from "#base/errors.ts";
import type { BuildMessage } from "#client/build-lines.ts";
import type { OfferedFolder } from "#client/sending/offer-folder.ts";
import type { BuildOptions } from "#spec/berth/build-options.ts";
import { encodeRegistryConfig } from "#spec/docker/registry-config.ts";
import type { Invocation } from "../command.ts";
import { everyCredential } from "../config/credentials.ts";
import type { BuildSource } from "./build-options.ts";
import type { ShownMessage } from "./forward-agents.ts";

/** A folder that changes all the time cannot be sent. */
const ATTEMPTS = 3;

/**
 * Ask for a build. Folders are named to the engine; when they are others there, or none, they are sent: what the engine has
 * of them already is not.
 */
export async function sendBuild(
  invocation: Invocation,
  options: BuildOptions,
  source: BuildSource,
  signal: AbortSignal,
): Promise<AsyncIterable<ShownMessage>> {
  const messages = await send(invocation, options, source, signal);
  // Only who names agents is asked for them.
  if (Object.keys(options.agents).length === 0) return messages as AsyncIterable<ShownMessage>;
  return (await import("./forward-agents.ts")).forwardAgents(messages, options, (await invocation.client()).build);
}

async function send(
  invocation: Invocation,
  options: BuildOptions,
  source: BuildSource,
  signal: AbortSignal,
): Promise<AsyncIterable<BuildMessage>> {
  const { build } = await invocation.client();
  const registryConfig = await registryConfigOf(invocation);
  const archive = source.stdin === undefined ? undefined : [source.stdin];
  try {
    return await build.build(options, { body: archive, registryConfig, signal });
  } catch (error) {
    const paths = foldersOf(options);
    if (!isBerthError(error, "conflict") || paths.length === 0) throw error;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const offered = new Map<string, OfferedFolder>();
        for (const path of paths) offered.set(path, await offer(path, source, invocation));
        const sent = Object.fromEntries([...offered].map(([path, { tree }]) => [path, tree.id]));
        return await build.build(
          { ...options, sent },
          {
            body: bodyOf(offered.values(), archive ?? []),
            ...{ registryConfig, signal },
          },
        );
      } catch (again) {
        if (attempt === ATTEMPTS || !isBerthError(again, "conflict")) throw again;
      }
    }
  }
}

/** That the engine may have to be sent. */
function foldersOf({ context, folders }: BuildOptions): readonly string[] {
  return [...new Set([...(context.kind === "folder" ? [context.path] : []), ...Object.keys(folders)])];
}

async function offer(path: string, source: BuildSource, invocation: Invocation): Promise<OfferedFolder> {
  const { io } = invocation;
  const { build } = await invocation.client();
  const [{ offerFolder }, { contextFilter }, trees] = await Promise.all([
    import("#client/sending/offer-folder.ts"),
    import("./context-filter.ts"),
    io.trees(),
  ]);
  const told = new Set<string>();
  const skipped = (name: string, why: string): void => {
    if (!told.has(name)) io.stderr.write(`WARNING: ${name} is left out: ${why}\n`);
    told.add(name);
  };
  const dockerfile = path === source.folder ? source.dockerfile : "";
  const filter = contextFilter(path, dockerfile, (file) => io.readFile(file));
  return offerFolder(build, () => trees.archive(`${path}/.`, "./", skipped, filter));
}

/** An archive goes behind the chunks. */
function* bodyOf(offered: Iterable<OfferedFolder>, archive: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const folder of offered) yield* folder.chunks();
  yield* archive;
}

/** Every registry's credentials that are known: which ones a Dockerfile needs is the engine's to find out. */
const registryConfigOf = async ({ config, io }: Invocation): Promise<string> =>
  encodeRegistryConfig(await everyCredential(config, io));

import { normalize } from "node:path/posix";
import type { ContainerDefaults, ImageConfig } from "#spec/oci/image.ts";
import { normalizePlatform, type Platform } from "#spec/oci/platform.ts";
import type { SourceRange } from "../dockerfile/types.ts";
import type { HistoryEntry, Tree, VertexId } from "./types.ts";

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A stage after so many of its instructions. */
export interface StageState {
  readonly tree: Tree;
  /** What instructions and commands see: ENV and ARG, in the order they were last set. */
  readonly env: ReadonlyMap<string, string>;
  /** The image's config so far. */
  readonly config: ContainerDefaults;
  readonly author: string | undefined;
  /** Where the image runs, as its document says it. */
  readonly os: ImageOs;
  readonly history: readonly HistoryEntry[];
  /** ARGs that were declared, in their order. */
  readonly args: readonly { readonly key: string; readonly value: string | undefined }[];
  readonly platform: Platform;
  readonly base: VertexId | undefined;
  /** A WORKDIR of this Dockerfile was carried out. */
  readonly workdirSet: boolean;
  /** Where this stage last said what it may say once. */
  readonly last: Readonly<Partial<Record<"cmd" | "entrypoint" | "healthcheck", SourceRange>>>;
}

export type ImageOs = Pick<ImageConfig, "architecture" | "os" | "variant" | "os.version" | "os.features">;

/** `FROM scratch`. */
export function emptyState(platform: Platform): StageState {
  return {
    tree: undefined,
    env: new Map(),
    config: { Env: [`PATH=${DEFAULT_PATH}`], WorkingDir: "/" },
    author: undefined,
    os: osOf(platform),
    history: [],
    args: [],
    platform,
    base: undefined,
    workdirSet: false,
    last: {},
  };
}

/** What an image's document gives a stage that begins with it. Its triggers are carried out there, and are gone then. */
export function imageState(image: ImageConfig, platform: Platform, tree: Tree): StageState {
  const { author } = image;
  const version = image["os.version"];
  const features = image["os.features"];
  const os: ImageOs = {
    ...osOf(normalizePlatform(image)),
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
  };
  return { ...emptyState(platform), tree, base: tree, config: inherited(image.config ?? {}), author, os };
}

/** The same of a stage, whose ARGs stay in effect. */
export function derivedState(base: StageState): StageState {
  const { OnBuild: _triggers, ...config } = base.config;
  return { ...base, config, last: {} };
}

/** A stage right before its first instruction: PATH is always set, and the config's variables are in effect. */
export function startedState(state: StageState): StageState {
  const env = state.config.Env ?? [];
  const Env = env.some((entry) => entry.startsWith("PATH=")) ? env : [...env, `PATH=${DEFAULT_PATH}`];
  const variables = Env.map(keyValue).reduce((all, [key, value]) => withVariable(all, key, value), state.env);
  const WorkingDir = state.config.WorkingDir ? normalize(`/${state.config.WorkingDir}`) : undefined;
  const config = { ...state.config, Env, ...(WorkingDir === undefined ? {} : { WorkingDir }) };
  return { ...state, config, env: variables };
}

export function osOf({ architecture, os, variant }: Platform): ImageOs {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

export function withVariable(
  env: ReadonlyMap<string, string>,
  key: string,
  value: string,
): ReadonlyMap<string, string> {
  const changed = new Map(env);
  changed.delete(key);
  return changed.set(key, value);
}

function keyValue(entry: string): readonly [string, string] {
  const equals = entry.indexOf("=");
  return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
}

/** The fields of Docker's image specification; what else an old engine wrote is about a container. */
function inherited(config: ContainerDefaults): ContainerDefaults {
  const { Hostname: _hostname, Domainname: _domainname, StopTimeout: _timeout, OnBuild: _triggers, ...rest } = config;
  return rest;
}

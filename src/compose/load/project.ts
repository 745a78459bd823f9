import type { ServiceBuild } from "../model/build.ts";
import type { FileModel, ModelModel, NetworkModel, VolumeModel } from "../model/project.ts";
import type { ServiceModel, ServiceNetwork } from "../model/service.ts";
import type { ComposeNode } from "../source/node.ts";

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface Dependency {
  readonly condition: DependencyCondition;
  /** Restarted when what it depends on is recreated or restarted by Compose. */
  readonly restart: boolean;
  /** False: only a warning when it is missing or does not get there. */
  readonly required: boolean;
}

/** A service with everything filled in that the specification lets people leave out. */
export interface Service extends Omit<ServiceModel, "extends" | "depends_on" | "networks" | "environment" | "build"> {
  readonly name: string;
  readonly depends_on: Readonly<Record<string, Dependency>>;
  /** By network; empty with a `network_mode`. */
  readonly networks: Readonly<Record<string, ServiceNetwork>>;
  /** Of `env_file` and `environment`; null: named but set nowhere. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly build?: ServiceBuild;
}

/** `name` is the engine's; `external`: not made or removed here. */
export interface Resource {
  readonly key: string;
  readonly name: string;
  readonly external: boolean;
}
export type Network = Omit<NetworkModel, "name" | "external"> & Resource;
export type Volume = Omit<VolumeModel, "name" | "external"> & Resource;
export type ConfigFile = Omit<FileModel, "name" | "external"> & Resource;
export type Model = ModelModel & { readonly key: string };

/** A Compose project: every file merged, variables substituted, defaults filled in. Immutable. */
export interface Project {
  readonly name: string;
  /** Between the parts of containers' and images' names; `_` with `--compatibility`. */
  readonly separator: "-" | "_";
  /** Absolute. */
  readonly workingDirectory: string;
  /** Absolute, in the order they were merged. */
  readonly files: readonly string[];
  /** Those that were named by flag. */
  readonly environmentFiles: readonly string[];
  /** Of the person's shell and the environment files. */
  readonly environment: ReadonlyMap<string, string>;
  /** Enabled ones, by name. */
  readonly services: ReadonlyMap<string, Service>;
  /** Those whose profiles are not active. */
  readonly disabledServices: ReadonlyMap<string, Service>;
  readonly networks: ReadonlyMap<string, Network>;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly configs: ReadonlyMap<string, ConfigFile>;
  readonly secrets: ReadonlyMap<string, ConfigFile>;
  readonly models: ReadonlyMap<string, Model>;
  readonly profiles: readonly string[];
  /** The merged file before names and defaults were filled in, with the place of every value. */
  readonly source: ComposeNode;
  /** Sentences for the person, each once. */
  readonly warnings: readonly string[];
}

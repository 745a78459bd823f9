import type { EngineClient } from "#client/engine-client.ts";
import type { Limit } from "#base/async.ts";
import type { Project, Service } from "../load/project.ts";
import type { Programs } from "../provide/programs.ts";
import type { Progress } from "./progress.ts";

/** What carrying out a plan works with. */
export interface ApplyContext {
  readonly project: Project;
  readonly client: EngineClient;
  readonly progress: Progress;
  /** Nothing is changed; what would be is told. */
  readonly dryRun: boolean;
  /** How much is done at the same time (`--parallel`). */
  readonly parallel: Limit;
  /** Of this machine, for what is left to others. */
  readonly programs: Programs;
  now(): number;
  sleep(ms: number): Promise<void>;
  /** File content of this machine; undefined when there is none. */
  readBytes(path: string): Uint8Array | undefined;
  /** Pull, telling progress nowhere. */
  pull(image: string, platform: string): Promise<void>;
  /** Build the service's image under the name. */
  build(service: Service, image: string): Promise<void>;
}

export const imageNameOf = (project: Project, service: Service): string =>
  service.image ?? [project.name, service.name].join(project.separator);

export const containerNameOf = (project: Project, service: Service, number: number): string =>
  service.container_name ?? [project.name, service.name, number].join(project.separator);

import type { ContainerSummary } from "#spec/docker/container.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Candidate } from "./answer.ts";
import type { ValueKind } from "./value-kind.ts";

/** Where names come from. `contexts` and `environment` need no engine. */
export interface NameSource {
  client(): Promise<EngineClient>;
  contexts(): Promise<readonly Candidate[]>;
  services(): Promise<readonly Candidate[]>;
  readonly environment: readonly string[];
}

type Dynamic = Exclude<ValueKind["kind"], "words" | "pairs" | "paths" | "nothing">;

/** The names of that kind; throws what the client throws when the engine cannot be asked. */
export async function namesOf(
  kind: Extract<ValueKind, { kind: Dynamic }>,
  source: NameSource,
): Promise<readonly Candidate[]> {
  switch (kind.kind) {
    case "containers":
      return containerNames(await source.client(), kind.state);
    case "container-paths":
      return (await containerNames(await source.client(), undefined)).map((each) => ({
        ...each,
        value: `${each.value}:`,
      }));
    case "images":
      return imageNames(await source.client());
    case "networks":
      return (await (await source.client()).networks.list()).map(({ Name, Driver }) => ({ value: Name, note: Driver }));
    case "volumes":
      return (await (await source.client()).volumes.list()).map(({ Name, Driver }) => ({ value: Name, note: Driver }));
    case "objects": {
      const client = await source.client();
      return [...(await containerNames(client, undefined)), ...(await imageNames(client))];
    }
    case "contexts":
      return source.contexts();
    case "services":
      return source.services();
    case "environment":
      return source.environment.map((value) => ({ value }));
  }
}

const IN_STATE = {
  running: (state: string) => state === "running",
  stopped: (state: string) => state !== "running" && state !== "paused",
  paused: (state: string) => state === "paused",
} as const;

async function containerNames(
  client: EngineClient,
  state: keyof typeof IN_STATE | undefined,
): Promise<readonly Candidate[]> {
  const list = await client.containers.list({ all: state !== "running" });
  return list
    .filter((container) => state === undefined || IN_STATE[state](container.State))
    .map((container) => ({ value: nameOf(container), note: `${container.Image}, ${container.Status}` }));
}

function nameOf({ Names, Id }: ContainerSummary): string {
  return Names[0]?.replace(/^\//, "") ?? Id.slice(0, 12);
}

/** `name:latest` as `name`, which is what people type. */
async function imageNames(client: EngineClient): Promise<readonly Candidate[]> {
  const list = await client.images.list();
  return list
    .flatMap(({ RepoTags }) => RepoTags ?? [])
    .filter((tag) => !tag.startsWith("<none>"))
    .map((tag) => ({ value: tag.replace(/:latest$/, "") }));
}

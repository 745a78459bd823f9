import type { BusyboxEngine } from "../../fault/busybox-engine.ts";
import { comparableOf, resourcesOf, type Json } from "../compose/made.ts";

/** Numbers for what is another text each time, in the order in which they were first seen. */
export class Sightings {
  readonly #seen = new Map<string, number>();

  numberOf(text: string): number {
    const number = this.#seen.get(text) ?? this.#seen.size + 1;
    this.#seen.set(text, number);
    return number;
  }
}

/**
 * What there is after a line: containers, networks, volumes and images, comparable between two runs of the same lines. A
 * container that was made anew has another number than before, and so has one that was started again.
 */
export async function effect(engine: BusyboxEngine, sightings: Sightings): Promise<Json> {
  const resources = await resourcesOf(engine);
  const byName = resources.containers.toSorted((a, b) => (String(a["Name"]) < String(b["Name"]) ? -1 : 1));
  const { containers, networks, volumes } = comparableOf({ ...resources, containers: byName });
  const lives = byName.map((container) => lifeOf(container, sightings));
  const plain = JSON.stringify({
    containers: containers.map((container, index) => ({ ...comparableLabels(container), ...lives[index] })),
    networks: networks.map((network) => ({ ...network, is: sightings.numberOf(idOf(resources.networks, network)) })),
    volumes,
    images: await images(engine),
  });
  // Images that a line builds have the time of their making in them.
  const ids = /("com\.docker\.compose\.(?:replace|image)":)"(?:sha256:)?([0-9a-f]{64})"/gu;
  const numbered = plain.replaceAll(ids, (_all, label: string, id: string) => `${label}${sightings.numberOf(id)}`);
  return JSON.parse(withoutSlugs(numbered), byKey) as Json;
}

/** docker compose takes the random name of a container of `run` into its hash; `builder` comes of the one it is left with here. */
function comparableLabels(container: Json): Json {
  const config = container["config"] as Json;
  const {
    "com.docker.compose.config-hash": hash,
    "com.docker.compose.image.builder": _builder,
    ...rest
  } = config["Labels"] as Json;
  const kept = rest["com.docker.compose.oneoff"] === "True" ? {} : { "com.docker.compose.config-hash": hash };
  return { ...container, config: { ...config, Labels: { ...rest, ...kept } } };
}

/** Neither tool means anything by the order of keys. */
const byKey = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const idOf = (all: readonly Json[], { Name }: Json): string =>
  String(all.find((each) => each["Name"] === Name)?.["Id"]);

/** Who it is, since when it runs, how it stands. */
function lifeOf(container: Json, sightings: Sightings): Json {
  const { Status, ExitCode, StartedAt } = container["State"] as Json;
  const anonymous = (container["Mounts"] as readonly Json[])
    .filter(({ Type, Name }) => Type === "volume" && /^[0-9a-f]{64}$/u.test(String(Name)))
    .toSorted((a, b) => (String(a["Destination"]) < String(b["Destination"]) ? -1 : 1));
  return {
    is: sightings.numberOf(String(container["Id"])),
    start: sightings.numberOf(`${String(container["Id"])} ${String(StartedAt)}`),
    status: Status,
    exitCode: ExitCode,
    anonymous: anonymous.map(({ Name }) => sightings.numberOf(String(Name))),
  };
}

/** Names of images, with what their settings say. */
async function images(engine: BusyboxEngine): Promise<readonly Json[]> {
  const listed = JSON.parse((await engine.api("GET", "/images/json")).text) as readonly {
    readonly RepoTags: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  }[];
  return listed
    .flatMap(({ RepoTags, Labels }) =>
      (RepoTags ?? []).map((name) => ({
        name,
        // The builder that docker compose is left with here gives none of its own.
        labels: Object.fromEntries(
          Object.entries(Labels ?? {}).filter(([key]) => !key.startsWith("com.docker.compose.")),
        ),
      })),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names and labels of containers that are made for once have random digits. */
const withoutSlugs = (text: string): string =>
  text
    .replaceAll(/([-_]run[-_])[0-9a-f]{12}\b/gu, "$1SLUG")
    .replaceAll(/("com\.docker\.compose\.slug":)"[0-9a-f]{64}"/gu, '$1"SLUG"');

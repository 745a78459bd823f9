import type { BusyboxEngine } from "../../fault/busybox-engine.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Everything on the engine that belongs to a project, as its API tells it. */
export interface Resources {
  readonly containers: readonly Json[];
  readonly networks: readonly Json[];
  readonly volumes: readonly Json[];
}

/** What any project has at the moment. */
export async function resourcesOf(engine: BusyboxEngine): Promise<Resources> {
  const filters = encodeURIComponent(JSON.stringify({ label: ["com.docker.compose.project"] }));
  const get = async (path: string): Promise<unknown> => JSON.parse((await engine.api("GET", path)).text) as unknown;
  const [listed, networks, volumes] = await Promise.all([
    get(`/containers/json?all=1&filters=${filters}`),
    get(`/networks?filters=${filters}`),
    get(`/volumes?filters=${filters}`),
  ]);
  const containers = await Promise.all((listed as Json[]).map(({ Id }) => get(`/containers/${String(Id)}/json`)));
  return {
    containers: containers as Json[],
    networks: networks as Json[],
    volumes: (volumes as { readonly Volumes: Json[] }).Volumes,
  };
}

/** The same without what no two tools could have in common: ids, times, addresses. */
export const made = async (engine: BusyboxEngine): Promise<Resources> => comparableOf(await resourcesOf(engine));

/** Sorted by name. */
export function comparableOf({ containers, networks, volumes }: Resources): Resources {
  const names = new Map(containers.map(({ Id, Name }) => [Id as string, Name as string]));
  return {
    containers: containers
      .map((container) => comparable(container, names))
      .toSorted((a, b) => ((a["name"] as string) < (b["name"] as string) ? -1 : 1)),
    networks: networks.map(comparableNetwork).toSorted(byName),
    volumes: volumes.map(comparableVolume).toSorted(byName),
  };
}

const byName = (a: Json, b: Json): number => ((a["Name"] as string) < (b["Name"] as string) ? -1 : 1);

/** The tool's version says nothing about the container. */
function labelsOf(labels: unknown): Json {
  return Object.fromEntries(
    Object.entries(labels as Record<string, string>)
      .filter(([key]) => key !== "com.docker.compose.version" && key !== "berth.compose.files-hash")
      .map(([key, value]) => [key, key.endsWith("depends_on") ? value.split(",").toSorted().join(",") : value]),
  );
}

function comparable(container: Json, names: ReadonlyMap<string, string>): Json {
  const config = container["Config"] as Json;
  const host = container["HostConfig"] as Json;
  const { Networks } = container["NetworkSettings"] as { Networks: Readonly<Record<string, Json>> };
  const named = (text: unknown): unknown =>
    typeof text === "string" ? [...names].reduce((all, [id, name]) => all.replaceAll(id, name), text) : text;
  const sorted = (list: unknown): unknown => (Array.isArray(list) ? list.map(String).toSorted() : (list ?? []));
  return {
    name: container["Name"],
    config: {
      ...config,
      Labels: sharesContainer(host) ? withoutHash(labelsOf(config["Labels"])) : labelsOf(config["Labels"]),
      Hostname: /^[0-9a-f]{12}$/u.test(String(config["Hostname"])) ? "" : config["Hostname"],
      Env: sorted(config["Env"]),
      ExposedPorts: sorted(
        Object.keys(config["ExposedPorts"] ?? {}).map((port) => (port.includes("/") ? port : `${port}/tcp`)),
      ),
      // Which streams the client would have attached to, and where the engine keeps its own copy.
      AttachStdout: null,
      AttachStderr: null,
      StdinOnce: null,
      Volumes: null,
      OnBuild: null,
      // docker compose 2.26 loses a service's address with engines of API 1.44 and newer.
      MacAddress: null,
    },
    host: {
      ...host,
      Annotations: withoutOwn(host["Annotations"]),
      Binds: null,
      Mounts: null,
      NetworkMode: named(host["NetworkMode"]),
      PidMode: named(host["PidMode"]),
      IpcMode: named(host["IpcMode"]),
      VolumesFrom: sorted(
        (host["VolumesFrom"] as unknown[] | null)?.map((from) => String(named(from)).replace("/", "")),
      ),
      Links: null,
      ExtraHosts: sorted(host["ExtraHosts"]),
      ConsoleSize: null,
      Ulimits: ((host["Ulimits"] ?? []) as Json[]).toSorted(byName),
    },
    mounts: (container["Mounts"] as Json[])
      .map(({ Type, Name, Source, Destination, RW, Propagation }) => ({
        Type,
        // An anonymous volume's name is random, and so is its folder's.
        Name: /^[0-9a-f]{64}$/u.test(String(Name)) ? "anonymous" : Name,
        Source: Type === "volume" ? "" : Source,
        Destination,
        RW,
        Propagation,
      }))
      .toSorted((a, b) => (String(a.Destination) < String(b.Destination) ? -1 : 1)),
    networks: Object.fromEntries(
      Object.entries(Networks)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { Aliases, IPAMConfig, Links, DriverOpts }]) => [
          name,
          // Nothing asked for is said by null or by an empty object.
          {
            Aliases: sorted(Aliases),
            IPAMConfig: IPAMConfig ?? {},
            Links: sorted(Links),
            DriverOpts: DriverOpts ?? {},
          },
        ]),
    ),
  };
}

const comparableNetwork = ({ Name, Driver, EnableIPv6, IPAM, Internal, Attachable, Options, Labels }: Json): Json => ({
  Name,
  Driver,
  EnableIPv6,
  // What the engine chose is another one each time.
  IPAM: Name === "addresses_fixed" ? IPAM : null,
  Internal,
  Attachable,
  Options,
  Labels: withoutHash(labelsOf(Labels)),
});

/** The order of restarts is kept by our engine alone. */
function withoutOwn(annotations: unknown): Json {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("berth.")));
}

/** The other container's id, another one each time, is in its hash. */
const sharesContainer = ({ NetworkMode, PidMode, IpcMode, VolumesFrom }: Json): boolean =>
  JSON.stringify([NetworkMode, PidMode, IpcMode]).includes("container:") || Array.isArray(VolumesFrom);

/** Of networks and volumes only younger versions of docker compose write one. */
const withoutHash = ({ "com.docker.compose.config-hash": _hash, ...labels }: Json): Json => labels;

const comparableVolume = ({ Name, Driver, Options, Labels }: Json): Json => ({
  Name: /^[0-9a-f]{64}$/u.test(String(Name)) ? "anonymous" : Name,
  Driver,
  Options: Options ?? {},
  Labels: withoutHash(labelsOf(Labels ?? {})),
});

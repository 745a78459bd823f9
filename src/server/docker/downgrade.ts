import type { ApiVersion } from "./api-version.ts";
import type { ResponseShape } from "./reply.ts";

type Json = Readonly<Record<string, unknown>>;

/** How an answer of one shape looked before API 1.`before`. */
interface Downgrade {
  readonly before: number;
  readonly shape: ResponseShape;
  readonly reason: string;
  readonly apply: (body: Json) => Json;
}

/** Newest first; an old client's answer passes through all that came after its version. */
const downgrades: readonly Downgrade[] = [
  {
    before: 51,
    shape: "image-list",
    reason: "before 1.51 nobody counted an image's containers",
    apply: (body) => ({ ...body, Containers: -1 }),
  },
  {
    before: 43,
    shape: "image-list",
    reason: "before 1.43 what has no name was called none",
    apply: (body) =>
      isEmpty(body["RepoTags"]) && isEmpty(body["RepoDigests"])
        ? { ...body, RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] }
        : body,
  },
  {
    before: 50,
    shape: "info",
    reason: "1.50 removed the state of bridge netfilter",
    apply: (body) => ({ ...body, BridgeNfIptables: true, BridgeNfIp6tables: true }),
  },
  {
    before: 49,
    shape: "info",
    reason: "1.49 removed the expected commits",
    apply: (body) => ({
      ...body,
      ContainerdCommit: expected(body["ContainerdCommit"]),
      RuncCommit: expected(body["RuncCommit"]),
      InitCommit: expected(body["InitCommit"]),
    }),
  },
  {
    before: 49,
    shape: "info",
    reason: "before 1.49 nobody asked what makes the rules",
    apply: ({ FirewallBackend: _backend, ...body }) => body,
  },
  {
    before: 47,
    shape: "info",
    reason: "1.47 removed what may not be distributed",
    apply: (body) => ({
      ...body,
      RegistryConfig: {
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
        ...(body["RegistryConfig"] as Json),
      },
    }),
  },
  {
    before: 46,
    shape: "container-list",
    reason: "before 1.46 lists had no annotations",
    apply: (body) => {
      const { Annotations: _annotations, ...kept } = body["HostConfig"] as Json;
      return { ...body, HostConfig: kept };
    },
  },
  {
    before: 45,
    shape: "container-inspect",
    reason: "before 1.45 the short id and the host name were told among the aliases",
    apply: withNamesAsAliases,
  },
  {
    before: 42,
    shape: "info",
    reason: "1.42 removed kernel memory limits, which are not carried out",
    apply: (body) => ({ ...body, KernelMemory: false }),
  },
  {
    before: 45,
    shape: "image-inspect",
    reason: "1.45 removed the build container",
    apply: (body) => ({ Container: "", ContainerConfig: null, ...body }),
  },
  {
    before: 44,
    shape: "image-inspect",
    reason: "1.44 removed VirtualSize",
    apply: withVirtualSize,
  },
  {
    before: 44,
    shape: "image-list",
    reason: "1.44 removed VirtualSize",
    apply: withVirtualSize,
  },
  {
    before: 44,
    shape: "disk-usage",
    reason: "1.44 removed VirtualSize",
    apply: (body) => ({ ...body, Images: (body["Images"] as readonly Json[] | null)?.map(withVirtualSize) ?? null }),
  },
  {
    before: 42,
    shape: "disk-usage",
    reason: "1.42 left the sum of the build cache to the client",
    apply: (body) => ({
      ...body,
      BuilderSize: ((body["BuildCache"] ?? []) as readonly { Size: number }[]).reduce((sum, { Size }) => sum + Size, 0),
    }),
  },
  {
    before: 47,
    shape: "image-list",
    reason: "before 1.47 there were no manifests",
    apply: ({ Manifests: _manifests, ...body }) => body,
  },
  {
    before: 48,
    shape: "image-list",
    reason: "before 1.48 there were no descriptors",
    apply: ({ Descriptor: _descriptor, ...body }) => body,
  },
  {
    before: 48,
    shape: "image-inspect",
    reason: "before 1.48 there were no manifests and no descriptors",
    apply: ({ Manifests: _manifests, Descriptor: _descriptor, ...body }) => body,
  },
];

const isEmpty = (names: unknown): boolean => Array.isArray(names) && names.length === 0;

const expected = (commit: unknown): Json => ({ ...(commit as Json), Expected: (commit as { ID?: string }).ID ?? "" });

/** The answer as API `version` had it. Lists are taken item by item. */
export function downgrade(shape: ResponseShape | undefined, version: ApiVersion, body: unknown): unknown {
  const steps = downgrades.filter((step) => step.shape === shape && version.minor < step.before);
  if (steps.length === 0) return body;
  const one = (item: Json): Json => steps.reduce((value, step) => step.apply(value), item);
  return Array.isArray(body) ? body.map((item: Json) => one(item)) : one(body as Json);
}

/** In the networks that people make, each name once. */
function withNamesAsAliases(container: Json): Json {
  const { Id, Config, NetworkSettings } = container as {
    readonly Id: string;
    readonly Config: { readonly Hostname?: string };
    readonly NetworkSettings: {
      readonly Networks: Readonly<Record<string, { readonly Aliases: readonly string[] | null }>>;
    };
  };
  const Networks = Object.fromEntries(
    Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
      if (["bridge", "host", "none"].includes(name)) return [name, endpoint];
      const names = [...(endpoint.Aliases ?? []), Id.slice(0, 12), Config.Hostname ?? ""];
      return [name, { ...endpoint, Aliases: [...new Set(names)].filter((alias) => alias !== "") }];
    }),
  );
  return { ...container, NetworkSettings: { ...NetworkSettings, Networks } };
}

function withVirtualSize(image: Json): Json {
  return { ...image, VirtualSize: image["Size"] };
}

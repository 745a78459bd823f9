import { within, without, withoutEmpty, type Json, type VersionStep } from "./version-step.ts";

/** Answers about containers, newest version first. */
export const containerSteps: readonly VersionStep[] = [
  {
    when: { since: 52 },
    shape: "container-inspect",
    reason: "1.52 tells addresses of networks alone, and what was never used not at all",
    apply: (body) =>
      within(
        within(
          within(body, "NetworkSettings", (settings) => without(settings, ...ofDefaultBridge)),
          "Config",
          (config) => withoutEmpty(without(config, "MacAddress"), "OnBuild"),
        ),
        "HostConfig",
        (host) => without(host, "KernelMemoryTCP"),
      ),
  },
  {
    when: { before: 52 },
    shape: "container-list",
    reason: "before 1.52 lists told of health in the status alone",
    apply: (body) => without(body, "Health"),
  },
  {
    when: { before: 52 },
    shape: "stats",
    reason: "before 1.52 nobody asked whose statistics they are",
    apply: (body) => without(body, "os_type"),
  },
  {
    when: { before: 48 },
    shape: "container-inspect",
    reason: "before 1.48 nobody asked which of an image's manifests a container is of",
    apply: (body) => without(body, "ImageManifestDescriptor"),
  },
  {
    when: { before: 48 },
    shape: "container-list",
    reason: "before 1.48 nobody asked which of an image's manifests a container is of",
    apply: (body) => without(body, "ImageManifestDescriptor"),
  },
  {
    when: { before: 46 },
    shape: "container-list",
    reason: "before 1.46 lists had no annotations",
    apply: (body) => within(body, "HostConfig", (host) => without(host, "Annotations")),
  },
  {
    when: { before: 45 },
    shape: "container-inspect",
    reason: "before 1.45 the short id and the host name were told among the aliases",
    apply: withNamesAsAliases,
  },
];

/** What inspect told of the default network at the top, and what nothing ever set. */
const ofDefaultBridge = [
  ...["Bridge", "HairpinMode", "LinkLocalIPv6Address", "LinkLocalIPv6PrefixLen", "SecondaryIPAddresses"],
  ...["SecondaryIPv6Addresses", "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress"],
  ...["IPPrefixLen", "IPv6Gateway", "MacAddress"],
];

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

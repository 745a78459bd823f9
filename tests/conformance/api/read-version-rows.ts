import { at, type ApiAtVersion } from "./at-version.ts";
import {
  bind,
  created,
  events,
  filter,
  inspected,
  isThere,
  listed,
  mac,
  mounts,
  network,
  told,
  toldOfOne,
  warned,
  type VersionRow,
} from "./version-row.ts";

const noBindings = { HostConfig: { PortBindings: { "80/tcp": [] } } };
const limited = { BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1000 }] };

/**
 * Above API 1.45, and what 26.1 has no more of: by the API's change log and the engine's source, since no package has such an
 * engine.
 */
export const readVersionRows: readonly VersionRow[] = [
  { since: 42, what: "BuilderSize", see: told("/system/df", "BuilderSize"), before: 0, after: "absent" },
  {
    since: 42,
    what: "options of another type of mount are refused",
    see: created(mounts(bind("/tmp", { VolumeOptions: { NoCopy: true } }))),
    before: 201,
    after: 400,
  },
  {
    since: 46,
    what: "annotations in lists",
    see: toldOfOne(listed, "0.HostConfig.Annotations", { HostConfig: { Annotations: { a: "b" } } }),
    before: "absent",
    after: { a: "b" },
  },
  {
    since: 47,
    what: "images/json?manifests",
    see: async (api) => Array.isArray(await api.see("/images/json?manifests=1", "0.Manifests")),
    before: false,
    after: true,
  },
  {
    since: 47,
    what: "what may not be distributed",
    see: told("/info", "RegistryConfig.AllowNondistributableArtifactsCIDRs"),
    before: null,
    after: "absent",
  },
  {
    since: 41,
    what: "a list of all capabilities is not heard of",
    see: created({ HostConfig: { Capabilities: ["CAP_CHOWN"] } }),
    before: 400,
    after: 201,
  },
  {
    since: 48,
    what: "which of an image's manifests a listed container is of",
    see: (api) => ofItsImage(api, listed, "0.ImageManifestDescriptor"),
    before: "absent",
    after: true,
  },
  {
    since: 48,
    what: "which of an image's manifests an inspected container is of",
    see: (api) => ofItsImage(api, (id) => `/containers/${id}/json`, "ImageManifestDescriptor"),
    before: "absent",
    after: true,
  },
  {
    since: 48,
    what: "images as mounts",
    see: created(mounts({ Type: "image", Source: "busybox", Target: "/b" })),
    before: 400,
    after: 201,
  },
  {
    since: 48,
    what: "networks without IPv4",
    see: (api) =>
      network(api, { EnableIPv4: false, EnableIPv6: true }, (name) => api.see(`/networks/${name}`, "EnableIPv4")),
    before: true,
    after: false,
  },
  {
    since: 48,
    what: "which network leads out",
    see: inspected("NetworkSettings.Networks.bridge.GwPriority", {
      NetworkingConfig: { EndpointsConfig: { bridge: { GwPriority: 7 } } },
    }),
    before: 0,
    after: 7,
  },
  {
    since: 48,
    what: "settings of eth0 are the endpoint's",
    see: created({ HostConfig: { Sysctls: { "net.ipv4.conf.eth0.log_martians": "1" } } }),
    before: 201,
    after: 400,
  },
  {
    since: 48,
    what: "a warning for VolumeDriver beside mounts",
    see: warned({ HostConfig: { VolumeDriver: "local", Mounts: [{ Type: "volume", Target: "/b" }] } }),
    before: [],
    after: ["WARNING:"],
  },
  {
    since: 48,
    what: "an image's descriptor",
    see: isThere("/images/busybox/json", "Descriptor"),
    before: false,
    after: true,
  },
  {
    since: 49,
    what: "images/{name}/json?platform",
    see: (api) =>
      api.status("GET", `/images/busybox/json?platform=${filter({ os: "linux", architecture: "riscv64" })}`),
    before: 200,
    after: 404,
  },
  {
    since: 49,
    what: "what makes the rules",
    see: isThere("/info", "FirewallBackend"),
    before: false,
    after: true,
  },
  {
    since: 49,
    what: "the expected commits",
    see: isThere("/info", "RuncCommit.Expected"),
    before: true,
    after: false,
  },
  {
    since: 50,
    what: "bridge netfilter",
    see: isThere("/info", "BridgeNfIptables"),
    before: true,
    after: false,
  },
  {
    since: 50,
    what: "settings of containers in images",
    see: told("/images/busybox/json", "Config.Hostname"),
    before: "",
    after: "absent",
  },
  {
    since: 51,
    what: "an image's containers",
    see: toldOfOne(() => "/images/json?filters=" + filter({ reference: ["busybox"] }), "0.Containers"),
    before: -1,
    after: 1,
  },
  {
    since: 52,
    what: "properties of events before 1.22",
    see: async (api) => at((await events(api)).body, "status"),
    before: "create",
    after: "absent",
  },
  {
    since: 52,
    what: "the media type of events",
    see: async (api) => (await events(api)).contentType,
    before: "application/json",
    after: "application/jsonl",
  },
  {
    since: 52,
    what: "the default network's addresses at the top",
    see: async (api) =>
      (await toldOfOne((id) => `/containers/${id}/json`, "NetworkSettings.IPAddress")(api)) === "absent",
    before: false,
    after: true,
  },
  {
    since: 52,
    what: "Config.OnBuild",
    see: inspected("Config.OnBuild", {}),
    before: null,
    after: "absent",
  },
  {
    since: 52,
    what: "the hardware address of a whole container",
    see: created({ MacAddress: mac }),
    before: 201,
    after: 400,
  },
  {
    since: 52,
    what: "an endpoint's hardware address in Config",
    see: inspected("Config.MacAddress", { NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: mac } } } }),
    before: mac,
    after: "absent",
  },
  {
    since: 52,
    what: "a warning for ports without bindings",
    see: warned(noBindings),
    before: [],
    after: ["Following"],
  },
  {
    since: 52,
    what: "sums of what lies on the disk",
    see: toldOfOne(() => "/system/df?type=container", "ContainerUsage.ActiveCount"),
    before: "absent",
    after: 1,
  },
  {
    since: 52,
    what: "system/df?verbose",
    see: toldOfOne(() => "/system/df?type=container&verbose=1", "Containers.0.State"),
    before: "running",
    after: "absent",
  },
  {
    since: 52,
    what: "whose statistics they are",
    see: toldOfOne((id) => `/containers/${id}/stats?stream=0&one-shot=1`, "os_type"),
    before: "absent",
    after: "linux",
  },
  {
    since: 52,
    what: "health in lists",
    see: toldOfOne(listed, "0.Health"),
    before: "absent",
    after: { Status: "none", FailingStreak: 0 },
  },
  {
    since: 52,
    what: "how full a network is",
    see: (api) =>
      network(api, { IPAM: { Config: [{ Subnet: "10.83.0.0/24" }] } }, (name) =>
        api.see(`/networks/${name}`, "Status"),
      ),
    before: "absent",
    after: { IPAM: { Subnets: { "10.83.0.0/24": { IPsInUse: 3, DynamicIPsAvailable: 253 } } } },
  },
  {
    since: 52,
    what: "what an image does not set",
    see: told("/images/busybox/json", "Author"),
    before: "",
    after: "absent",
  },
  {
    since: 53,
    what: "where an image comes from",
    see: isThere("/images/busybox/json", "Identity.Pull.0.Repository"),
    before: false,
    after: true,
  },
  {
    since: 54,
    what: "images/json?identity",
    see: (api) => api.status("GET", "/images/json?identity=1"),
    before: 200,
    after: 400,
  },
  {
    since: 55,
    what: "update of the rates of devices",
    see: (api) =>
      api.container({}, async (id) => {
        await api.ask("POST", `/containers/${id}/update`, limited);
        return api.see(`/containers/${id}/json`, "HostConfig.BlkioDeviceReadBps");
      }),
    before: null,
    after: limited.BlkioDeviceReadBps,
  },
  {
    since: 55,
    what: "attestations of images",
    see: (api) => api.status("GET", "/images/busybox/attestations"),
    before: 400,
    after: 200,
  },
];

/** Whether the descriptor that is told of a container is one of its image's, for this machine's system. */
function ofItsImage(api: ApiAtVersion, url: (id: string) => string, property: string): Promise<unknown> {
  return api.container({}, async (id) => {
    const found = await api.see(url(id), property);
    if (found === "absent") return found;
    const manifests = (await api.see("/images/busybox/json?manifests=1", "Manifests")) as readonly { ID: string }[];
    return at(found, "platform.os") === "linux" && manifests.some(({ ID }) => ID === at(found, "digest"));
  });
}

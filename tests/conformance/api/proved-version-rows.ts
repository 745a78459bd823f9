import { join } from "node:path";
import { randomHex } from "#base/ids.ts";
import {
  MIB,
  bind,
  created,
  exec,
  inspected,
  isThere,
  mac,
  mounts,
  network,
  size,
  stopped,
  sttySize,
  toldOfOne,
  warned,
  writesBelow,
  type VersionRow,
} from "./version-row.ts";

/** Of a terminal that was given none. */
const noSize = "stty: standard input";

/** Up to API 1.45, which docker 26.1 proves. */
export const provedVersionRows: readonly VersionRow[] = [
  {
    since: 40,
    what: "IPC is private",
    see: inspected("HostConfig.IpcMode", {}),
    before: "shareable",
    after: "private",
  },
  {
    since: 41,
    what: "create?platform",
    see: (api) => api.container({}, async (_id, { status }) => status, "&platform=linux/riscv64"),
    before: 201,
    after: 404,
  },
  {
    since: 41,
    what: "stats?one-shot",
    see: (api) => api.running({}, (id) => api.status("GET", `/containers/${id}/stats?one-shot=1`)),
    before: 200,
    after: 400,
  },
  {
    since: 42,
    what: "ConsoleSize of exec create",
    see: (api) => api.running({}, (id) => exec(api, id, { Tty: true, ConsoleSize: size, ...sttySize }, { Tty: true })),
    before: noSize,
    after: "33 77",
  },
  {
    since: 42,
    what: "ConsoleSize of exec start",
    see: (api) => api.running({}, (id) => exec(api, id, { Tty: true, ...sttySize }, { Tty: true, ConsoleSize: size })),
    before: noSize,
    after: "33 77",
  },
  {
    since: 42,
    what: "ConsoleSize of create",
    see: async (api) => (await api.ran({ ...sttySize, HostConfig: { ConsoleSize: size } })).output.trim(),
    before: noSize,
    after: "33 77",
  },
  { since: 42, what: "stop?signal", see: (api) => stopped(api, "stop?signal=USR1&t=20"), before: 8, after: 7 },
  {
    since: 42,
    what: "system/df?type",
    see: async (api) => Array.isArray(await api.see("/system/df?type=container", "Images")),
    before: true,
    after: false,
  },
  {
    since: 42,
    what: "system/df?type of a kind that is none",
    see: (api) => api.status("GET", "/system/df?type=nonsense"),
    before: 200,
    after: 400,
  },
  {
    since: 42,
    what: "the media type of logs",
    see: (api) => api.running({}, async (id) => (await api.ask("GET", `/containers/${id}/logs?stdout=1`)).contentType),
    before: "application/vnd.docker.raw-stream",
    after: "application/vnd.docker.multiplexed-stream",
  },
  {
    since: 42,
    what: "memory of the kernel has no limit",
    see: created({ HostConfig: { KernelMemory: MIB } }),
    before: 400,
    after: 201,
  },
  {
    since: 42,
    what: "CreateMountpoint",
    see: (api) =>
      created(mounts(bind(join(api.scratch, `made-${randomHex(6)}`), { BindOptions: { CreateMountpoint: true } })))(
        api,
      ),
    before: 400,
    after: 201,
  },
  {
    since: 43,
    what: "annotations",
    see: inspected("HostConfig.Annotations", { HostConfig: { Annotations: { a: "b" } } }),
    before: "absent",
    after: { a: "b" },
  },
  {
    since: 44,
    what: "read-only binds take what is mounted below with them",
    see: (api) => writesBelow(api, (source) => ({ Binds: [`${source}:/b:ro`] })),
    before: true,
    after: false,
  },
  {
    since: 44,
    what: "read-only mounts take what is mounted below with them",
    see: (api) => writesBelow(api, (source) => ({ Mounts: [bind(source, { ReadOnly: true })] })),
    before: true,
    after: false,
  },
  {
    since: 44,
    what: "StartInterval",
    see: inspected("Config.Healthcheck.StartInterval", { Healthcheck: { Test: ["CMD", "true"], StartInterval: 5e9 } }),
    before: "absent",
    after: 5e9,
  },
  {
    since: 44,
    what: "endpoints in several networks",
    see: (api) =>
      network(api, {}, (name) => created({ NetworkingConfig: { EndpointsConfig: { bridge: {}, [name]: {} } } })(api)),
    before: 400,
    after: 201,
  },
  {
    since: 44,
    what: "MacAddress of an endpoint",
    see: async (api) =>
      (await toldOfOne((id) => `/containers/${id}/json`, "NetworkSettings.Networks.bridge.MacAddress", {
        NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: mac } } },
      })(api)) === mac,
    before: false,
    after: true,
  },
  { since: 44, what: "a warning for Config.MacAddress", see: warned({ MacAddress: mac }), before: [], after: ["The"] },
  {
    since: 44,
    what: "VirtualSize of a listed image",
    see: isThere("/images/json", "0.VirtualSize"),
    before: true,
    after: false,
  },
  {
    since: 44,
    what: "VirtualSize of an inspected image",
    see: isThere("/images/busybox/json", "VirtualSize"),
    before: true,
    after: false,
  },
  {
    since: 45,
    what: "aliases are those that were asked for",
    see: (api) =>
      network(api, {}, (name) =>
        api.container({ HostConfig: { NetworkMode: name }, Hostname: "h" }, async (id) => {
          const aliases = await api.see(`/containers/${id}/json`, `NetworkSettings.Networks.${name}.Aliases`);
          return Array.isArray(aliases) ? aliases.length : 0;
        }),
      ),
    before: 2,
    after: 0,
  },
  {
    since: 45,
    what: "parts of volumes",
    see: (api) =>
      api.container(mounts({ Type: "volume", Target: "/b", VolumeOptions: { Subpath: "x" } }), async (_id, { text }) =>
        text.includes("needs API v1.45"),
      ),
    before: true,
    after: false,
  },
  {
    since: 45,
    what: "the container of an image",
    see: isThere("/images/busybox/json", "ContainerConfig"),
    before: true,
    after: false,
  },
];

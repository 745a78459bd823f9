import type { Option } from "./option.ts";
import { cleanup, integer, registryEntries, string, stringList } from "./value-kinds.ts";

const section = "Registries";

export const registryOptions: readonly Option[] = [
  {
    name: "insecure-registry",
    key: "insecure-registries",
    kind: stringList,
    section,
    usage: "Registry to speak to without checking certificates, or by HTTP: host, host:port or CIDR",
    reload: true,
  },
  {
    name: "registry-mirror",
    key: "registry-mirrors",
    kind: stringList,
    section,
    usage: "Mirror of docker.io to ask first",
    reload: true,
  },
  {
    name: "registries",
    flag: false,
    kind: registryEntries,
    section,
    usage: "Mirrors to ask first for repositories whose names begin with a prefix, by other names too",
    reload: true,
    differs: "Berth only",
  },
  {
    name: "image-cleanup",
    flag: false,
    kind: cleanup,
    section,
    usage: "Remove images that nobody used for a while, again and again; see images.md",
    reload: true,
    differs: "Berth only",
  },
  {
    name: "max-concurrent-downloads",
    kind: integer,
    value: 3,
    fallback: "3",
    section,
    usage: "Layers to fetch at a time, all pulls together",
    reload: true,
  },
  {
    name: "max-concurrent-uploads",
    kind: integer,
    value: 5,
    fallback: "5",
    section,
    usage: "Layers to push at a time, all pushes together",
    reload: true,
  },
  {
    name: "max-download-attempts",
    kind: integer,
    value: 5,
    fallback: "5",
    section,
    usage: "Attempts at each layer when the connection breaks",
    reload: true,
  },
  {
    name: "http-proxy",
    within: "proxies",
    kind: string,
    section,
    usage: "Proxy for registries by HTTP; over HTTP_PROXY",
  },
  {
    name: "https-proxy",
    within: "proxies",
    kind: string,
    section,
    usage: "Proxy for registries by HTTPS; over HTTPS_PROXY",
  },
  {
    name: "no-proxy",
    within: "proxies",
    kind: string,
    section,
    usage: "Hosts to reach without a proxy; over NO_PROXY",
  },
];

import { isEmpty } from "./listen-options.ts";
import type { Option } from "./option.ts";
import { boolean, byteSize, integer, string, stringList, ulimitMap } from "./value-kinds.ts";

const section = "Containers";

export const containerOptions: readonly Option[] = [
  { name: "cgroup-parent", kind: string, section, usage: "Parent cgroup of all containers", fallback: "/berth" },
  {
    name: "default-cgroupns-mode",
    kind: string,
    section,
    usage: 'Cgroup namespace of containers that ask for none ("host", "private"); by cgroup version when empty',
    reload: true,
  },
  {
    name: "default-ipc-mode",
    kind: string,
    value: "private",
    fallback: "private",
    section,
    usage: 'IPC mode of containers that ask for none ("shareable", "private")',
    reload: true,
  },
  {
    name: "default-shm-size",
    kind: byteSize,
    value: 64 << 20,
    fallback: "64MiB",
    section,
    usage: "Size of /dev/shm in containers that ask for none",
    reload: true,
  },
  {
    name: "default-ulimit",
    key: "default-ulimits",
    kind: ulimitMap,
    section,
    usage: "Resource limit of containers that ask for none of that name, name=soft:hard",
  },
  {
    name: "default-stop-timeout",
    kind: integer,
    value: 10,
    fallback: "10",
    section,
    usage: "Seconds between a container's stop signal and its kill when it says nothing",
  },
  { name: "init", kind: boolean, section, usage: "Run an init in containers that do not say otherwise" },
  {
    name: "init-path",
    kind: string,
    section,
    usage: "Path of another init",
    refused: "the init is built in",
    allows: isEmpty,
  },
  {
    name: "no-new-privileges",
    kind: boolean,
    section,
    usage: "Set no-new-privileges for containers that do not say otherwise",
  },
  {
    name: "seccomp-profile",
    kind: string,
    section,
    usage: 'Seccomp profile of containers that name none: a file, "builtin" or "unconfined"',
    fallback: "builtin",
  },
  {
    name: "cdi-spec-dir",
    key: "cdi-spec-dirs",
    kind: stringList,
    section,
    usage: "Directory of CDI specifications",
    fallback: "/etc/cdi, /var/run/cdi",
  },
  {
    name: "exec-opt",
    key: "exec-opts",
    kind: stringList,
    section,
    usage: "Runtime options; native.cgroupdriver=cgroupfs is what this engine does",
    differs: "cgroupfs only",
  },
  {
    name: "cpu-rt-period",
    kind: integer,
    section,
    usage: "Real-time period of all containers together",
    refused: "real-time shares of all containers together are not supported; give them to a container",
    allows: isEmpty,
  },
  {
    name: "cpu-rt-runtime",
    kind: integer,
    section,
    usage: "Real-time share of all containers together",
    refused: "real-time shares of all containers together are not supported; give them to a container",
    allows: isEmpty,
  },
];

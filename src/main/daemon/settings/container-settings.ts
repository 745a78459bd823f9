import { invalid } from "#base/errors.ts";
import type { Ulimit } from "#cli/container/options/resource-options.ts";
import type { OptionValues } from "../option-values.ts";
import { oneOf } from "./checked-value.ts";

export function containerSettings(values: OptionValues) {
  checkExecOptions(values.list("exec-opt"));
  const ipc = values.text("default-ipc-mode") || "private";
  const cgroupns = values.text("default-cgroupns-mode");
  const stopTimeoutSeconds = values.count("default-stop-timeout");
  return {
    cgroupParent: cgroupParent(values.text("cgroup-parent")),
    defaultCgroupnsMode: oneOf(
      ["", "host", "private"] as const,
      cgroupns,
      `default cgroup namespace mode (${cgroupns}) is invalid; use "host" or "private"`,
    ),
    defaultIpcMode: oneOf(
      ["private", "shareable"] as const,
      ipc,
      `default IPC mode setting (${ipc}) is invalid; use "shareable" or "private"`,
    ),
    shmSizeBytes: shmSize(values.number("default-shm-size")),
    defaultUlimits: Object.values(values.map<Ulimit>("default-ulimit")),
    stopTimeoutSeconds,
    init: values.on("init"),
    noNewPrivileges: values.on("no-new-privileges"),
    seccompProfile: values.text("seccomp-profile") || "builtin",
    cdiSpecDirs: cdiSpecDirs(values),
  };
}

function cgroupParent(path: string): string {
  if (path === "") return "/berth";
  if (path.endsWith(".slice")) {
    throw invalid(`cgroup-parent ${path} is a slice of systemd's: this engine's cgroup driver is cgroupfs`);
  }
  if (path.split("/").includes("..")) throw invalid(`invalid cgroup-parent: ${path}`);
  return `/${path
    .split("/")
    .filter((part) => part !== "")
    .join("/")}`;
}

function shmSize(bytes: number): number {
  if (bytes <= 0) throw invalid(`invalid default-shm-size: ${bytes}`);
  return bytes;
}

/** docker-compat: the one option there is. */
function checkExecOptions(options: readonly string[]): void {
  for (const option of options) {
    const at = option.indexOf("=");
    const [key, value] = [option.slice(0, Math.max(at, 0)).trim().toLowerCase(), option.slice(at + 1).trim()];
    if (at === -1 || key === "" || value === "")
      throw invalid(`invalid exec-opt (${option}): must be formatted 'opt=value'`);
    if (key !== "native.cgroupdriver") throw invalid(`invalid exec-opt (${option}): unknown option`);
    if (value === "systemd") {
      throw invalid(
        `invalid exec-opt (${option}): this engine manages cgroups itself; use native.cgroupdriver=cgroupfs`,
      );
    }
    if (value !== "cgroupfs") throw invalid(`native.cgroupdriver option ${value} not supported`);
  }
}

/** docker-compat: one empty directory, or the feature switched off, means no CDI. */
function cdiSpecDirs(values: OptionValues): readonly string[] {
  if (values.map<boolean>("feature")["cdi"] === false) return [];
  const given = values.list("cdi-spec-dir");
  if (!values.given("cdi-spec-dir") || given.length === 0) return ["/etc/cdi", "/var/run/cdi"];
  return given.length === 1 && given[0] === "" ? [] : given;
}

import { invalid } from "#base/errors.ts";
import { ownRuntimes } from "#engine/own-runtime.ts";
import { isKnownArchitecture } from "#host/processes/binfmt.ts";
import { normalizePlatform } from "#spec/oci/platform.ts";
import type { OptionValues } from "../option-values.ts";
import type { RuntimeEntry } from "../options/value-kinds.ts";
import { absolute } from "./checked-value.ts";

export function stateSettings(values: OptionValues) {
  const runtimes = values.map<RuntimeEntry>("add-runtime");
  return {
    dataRoot: absolute(values.text("data-root") || "/var/lib/berth", "data-root"),
    execRoot: absolute(values.text("exec-root") || "/run/berth", "exec-root"),
    pidFile: values.text("pidfile"),
    labels: conflictFreeLabels(values.list("label")),
    userNamespaceRemap: values.text("userns-remap"),
    selinux: values.on("selinux-enabled"),
    liveRestore: values.on("live-restore"),
    shutdownTimeoutSeconds: values.number("shutdown-timeout"),
    features: values.map<boolean>("feature"),
    emulators: checkedEmulators(values.map<string>("emulator")),
    runtimes: checkedRuntimes(runtimes),
    defaultRuntime: defaultRuntime(values.text("default-runtime"), runtimes),
  };
}

/** docker-compat: a label without "=" is refused, one given twice counts once, two values for one name are refused. */
function conflictFreeLabels(labels: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const label of labels) {
    const at = label.indexOf("=");
    if (at === -1) throw invalid(`bad attribute format: ${label}`);
    const [key, value] = [label.slice(0, at), label.slice(at + 1)];
    const before = found.get(key);
    if (before !== undefined && before !== value)
      throw invalid(`conflict labels for ${key}=${value} and ${key}=${before}`);
    found.set(key, value);
  }
  return [...found].map(([key, value]) => `${key}=${value}`);
}

function isOwn(name: string): boolean {
  return ownRuntimes.includes(name);
}

/** How a runtime is started, whatever way it was described. docker-compat: the refusals. */
function checkedRuntimes(
  runtimes: Readonly<Record<string, RuntimeEntry>>,
): Readonly<Record<string, Required<Pick<RuntimeEntry, "path" | "runtimeArgs">>>> {
  return Object.fromEntries(
    Object.entries(runtimes).map(([name, { path = "", runtimeArgs = [], runtimeType = "", options = {} }]) => {
      const bad = (why: string): Error => invalid(`runtime ${name}: ${why}`);
      if (isOwn(name)) throw invalid(`runtime name '${name}' is reserved`);
      if (path === "" && runtimeType === "") throw bad("either a runtimeType or a path must be configured");
      if (path !== "" && runtimeType !== "")
        throw bad("cannot configure both path and runtimeType for the same runtime");
      if (path !== "" && Object.keys(options).length > 0) throw bad("options cannot be used with a path runtime");
      if (runtimeType === "") return [name, { path, runtimeArgs }];
      if (runtimeArgs.length > 0) throw bad("args cannot be used with a runtimeType runtime");
      return [name, { path: shimBinary(runtimeType, options, bad), runtimeArgs }];
    }),
  );
}

/** Paths by Go's name of the architecture. */
function checkedEmulators(emulators: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(emulators).map(([name, path]) => {
      const { architecture } = normalizePlatform({ os: "linux", architecture: name });
      if (!isKnownArchitecture(architecture)) throw invalid(`emulator ${name}: no such architecture`);
      if (/[:\n]/u.test(path)) throw invalid(`emulator ${name}: the kernel takes no path with a colon or a line's end`);
      return [architecture, absolute(path, `emulator ${name}`)];
    }),
  );
}

/** The program that containerd's shim for runc would start. */
function shimBinary(
  runtimeType: string,
  { BinaryName, ...others }: NonNullable<RuntimeEntry["options"]>,
  bad: (why: string) => Error,
): string {
  if (runtimeType !== "io.containerd.runc.v2")
    throw bad(`runtimeType ${runtimeType} is a shim of containerd, which is not here; give the runtime's path`);
  const [other] = Object.keys(others);
  if (other !== undefined) throw bad(`the option ${other} is not supported; BinaryName is`);
  if (typeof BinaryName !== "string" || BinaryName === "")
    throw bad("options.BinaryName must name the runtime's program");
  return BinaryName;
}

function defaultRuntime(name: string, runtimes: Readonly<Record<string, RuntimeEntry>>): string {
  if (name === "" || isOwn(name)) return "berth";
  if (!Object.hasOwn(runtimes, name)) throw invalid(`specified default runtime '${name}' does not exist`);
  return name;
}

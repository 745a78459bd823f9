import { ownRuntimes } from "#engine/own-runtime.ts";
import type { OptionValues } from "../option-values.ts";
import type { RuntimeEntry } from "../options/value-kinds.ts";
import { absolute, badSetting } from "./bad-setting.ts";

export function stateSettings(values: OptionValues) {
  const runtimes = values.map<RuntimeEntry>("add-runtime");
  return {
    dataRoot: absolute(values.text("data-root") || "/var/lib/berth", "data-root"),
    execRoot: absolute(values.text("exec-root") || "/run/berth", "exec-root"),
    pidFile: values.text("pidfile"),
    labels: conflictFreeLabels(values.list("label")),
    liveRestore: values.on("live-restore"),
    shutdownTimeoutSeconds: values.number("shutdown-timeout"),
    features: values.map<boolean>("feature"),
    runtimes: checkedRuntimes(runtimes),
    defaultRuntime: defaultRuntime(values.text("default-runtime"), runtimes),
  };
}

/** docker-compat: a label without "=" is refused, one given twice counts once, two values for one name are refused. */
function conflictFreeLabels(labels: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const label of labels) {
    const at = label.indexOf("=");
    if (at === -1) throw badSetting(`bad attribute format: ${label}`);
    const [key, value] = [label.slice(0, at), label.slice(at + 1)];
    const before = found.get(key);
    if (before !== undefined && before !== value)
      throw badSetting(`conflict labels for ${key}=${value} and ${key}=${before}`);
    found.set(key, value);
  }
  return [...found].map(([key, value]) => `${key}=${value}`);
}

function isOwn(name: string): boolean {
  return ownRuntimes.includes(name);
}

function checkedRuntimes(runtimes: Readonly<Record<string, RuntimeEntry>>): Readonly<Record<string, RuntimeEntry>> {
  for (const [name, entry] of Object.entries(runtimes)) {
    if (isOwn(name)) throw badSetting(`runtime name '${name}' is reserved`);
    if ((entry.runtimeType ?? "") !== "") {
      throw badSetting(
        `runtime ${name}: runtimeType is not supported: there is no containerd; give the program's path`,
      );
    }
    if (Object.keys(entry.options ?? {}).length > 0)
      throw badSetting(`runtime ${name}: options belong to containerd's shims; use runtimeArgs`);
    if ((entry.path ?? "") === "")
      throw badSetting(`runtime ${name}: either a runtimeType or a path must be configured`);
  }
  return runtimes;
}

function defaultRuntime(name: string, runtimes: Readonly<Record<string, RuntimeEntry>>): string {
  if (name === "" || isOwn(name)) return "berth";
  if (!Object.hasOwn(runtimes, name)) throw badSetting(`specified default runtime '${name}' does not exist`);
  return name;
}

import { BerthError } from "#base/errors.ts";

export interface SecurityOptions {
  /** undefined = as the engine's configuration says. */
  readonly noNewPrivileges: boolean | undefined;
  /** undefined = as privileged says. */
  readonly writableCgroups: boolean | undefined;
  /** Profile text, `unconfined` or `builtin`; undefined = the engine's default. */
  readonly seccomp: string | undefined;
  readonly apparmor: string | undefined;
  /** `user:…`, `disable`, …: SELinux. */
  readonly labels: readonly string[];
  readonly unconfinedSystemPaths: boolean;
}

/** Read HostConfig.SecurityOpt. `invalid-parameter` in Docker's words. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let unconfinedSystemPaths = false;
  let [noNewPrivileges, writableCgroups]: (boolean | undefined)[] = [];
  let [seccomp, apparmor]: (string | undefined)[] = [];
  const labels: string[] = [];
  for (const option of options) {
    const [key, value] = split(option);
    switch (key) {
      case "no-new-privileges":
        noNewPrivileges = truth(option, value);
        break;
      case "writable-cgroups":
        writableCgroups = truth(option, value);
        break;
      case "seccomp":
        seccomp = value ?? "";
        break;
      case "apparmor":
        apparmor = value ?? "";
        break;
      case "label":
        labels.push(value ?? "");
        break;
      case "disable":
        labels.push("disable");
        break;
      case "systempaths":
        if (value !== "unconfined") throw refused(2, option);
        unconfinedSystemPaths = true;
        break;
      default:
        throw refused(2, option);
    }
  }
  return { noNewPrivileges, writableCgroups, seccomp, apparmor, labels, unconfinedSystemPaths };
}

const bare = new Set(["no-new-privileges", "writable-cgroups", "disable"]);

function split(option: string): readonly [key: string, value: string | undefined] {
  if (bare.has(option)) return [option, undefined];
  const at = option.includes("=") ? option.indexOf("=") : option.indexOf(":");
  if (at < 0) throw refused(1, option);
  return [option.slice(0, at), option.slice(at + 1)];
}

/** Go's strconv.ParseBool. */
function truth(option: string, value: string | undefined): boolean {
  if (value === undefined || /^(?:1|t|T|true|TRUE|True)$/u.test(value)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/u.test(value)) return false;
  throw refused(2, option);
}

function refused(place: 1 | 2, option: string): BerthError {
  return new BerthError("invalid-parameter", `invalid --security-opt ${String(place)}: ${JSON.stringify(option)}`);
}

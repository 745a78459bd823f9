import { BerthError } from "#base/errors.ts";
import type { InterfaceSetting } from "./types.ts";

/** What Docker's options of an endpoint say (`--driver-opt`, `--network name=…,driver-opt=…`). */
export interface EndpointOptions {
  /** "" for the engine to choose. */
  readonly interfaceName: string;
  settingsOf(interfaceName: string): readonly InterfaceSetting[];
}

const NAMESPACE = "com.docker.network.";
const INTERFACE_NAME = `${NAMESPACE}endpoint.ifname`;
const SETTINGS = `${NAMESPACE}endpoint.sysctls`;

/**
 * docker-compat: options of unknown names are kept and mean nothing; those of Docker's own names that this engine does not
 * know are refused. `invalid-parameter`, or `not-implemented` by name.
 */
export function endpointOptions(options: Readonly<Record<string, string>>): EndpointOptions {
  const unknown = Object.keys(options).filter(
    (name) => name.startsWith(NAMESPACE) && name !== INTERFACE_NAME && name !== SETTINGS,
  );
  if (unknown.length > 0) {
    throw new BerthError("not-implemented", `not supported by this engine yet: DriverOpts ${unknown.join(", ")}`);
  }
  const interfaceName = options[INTERFACE_NAME] ?? "";
  if (interfaceName !== "" && !isInterfaceName(interfaceName)) {
    throw new BerthError("invalid-parameter", `invalid interface name: ${JSON.stringify(interfaceName)}`);
  }
  const settings = (options[SETTINGS] ?? "").split(",").filter((item) => item !== "");
  const parsed = settings.map(parseSetting);
  return {
    interfaceName,
    settingsOf: (name) =>
      parsed.map(({ family, kind, key, value }) => ({ path: `net/${family}/${kind}/${name}/${key}`, value })),
  };
}

/** As the kernel has it (dev_valid_name), without what a path or a rule would take apart. */
function isInterfaceName(name: string): boolean {
  return /^[^/\s:]{1,15}$/.test(name) && name !== "." && name !== ".." && name !== "lo";
}

interface ParsedSetting {
  readonly family: string;
  readonly kind: string;
  readonly key: string;
  readonly value: string;
}

/** docker-compat: `net.X.Y.IFNAME.Z=V`, in lower case too, because the client lowers what stands in `--network`. */
function parseSetting(text: string): ParsedSetting {
  const found = /^net\.(ipv4|ipv6|mpls)\.([a-z]+)\.(?:IFNAME|ifname)\.([a-z0-9_]+)=(.{1,256})$/.exec(text);
  if (found === null) {
    throw new BerthError(
      "invalid-parameter",
      `unrecognised network interface sysctl '${text}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
    );
  }
  const [, family = "", kind = "", key = "", value = ""] = found;
  return { family, kind, key, value };
}

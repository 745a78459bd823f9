import { BerthError, messageOf } from "#base/errors.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => Number.isInteger(value);
const isList: Check = (value) => Array.isArray(value) && value.every(isText);
const isPairs: Check = (value) => typeof value === "object" && value !== null && Object.values(value).every(isText);
const isPools: Check = (value) =>
  Array.isArray(value) &&
  value.every(
    (pool: { base?: unknown; size?: unknown } | null) => typeof pool?.base === "string" && Number.isInteger(pool.size),
  );

/** The keys of daemon.json and the type of each; dockerd's names. */
const keys: Readonly<Record<string, readonly [Check, string]>> = {
  bip: [isText, "a string"],
  bridge: [isText, "a string"],
  "data-root": [isText, "a string"],
  debug: [isFlag, "true or false"],
  "default-address-pools": [isPools, 'a list of {"base": CIDR, "size": BITS}'],
  "default-shm-size": [isText, "a string"],
  dns: [isList, "a list of strings"],
  "dns-opts": [isList, "a list of strings"],
  "dns-search": [isList, "a list of strings"],
  "exec-root": [isText, "a string"],
  group: [isText, "a string"],
  hosts: [isList, "a list of strings"],
  icc: [isFlag, "true or false"],
  "insecure-registries": [isList, "a list of strings"],
  ip: [isText, "a string"],
  "ip-forward": [isFlag, "true or false"],
  "ip-masq": [isFlag, "true or false"],
  labels: [isList, "a list of strings"],
  "live-restore": [isFlag, "true or false"],
  "log-driver": [isText, "a string"],
  "log-format": [isText, "a string"],
  "log-level": [isText, "a string"],
  "log-opts": [isPairs, "an object of strings"],
  "max-concurrent-downloads": [isNumber, "a whole number"],
  mtu: [isNumber, "a whole number"],
  pidfile: [isText, "a string"],
  "registry-mirrors": [isList, "a list of strings"],
  "shutdown-timeout": [isNumber, "a whole number"],
};

/** Keys of {@link keys} only, each of its type. */
export type ConfigFile = Readonly<Record<string, unknown>>;

/** Read daemon.json. `invalid-parameter` that names the file, the key and what it must be. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const fail = (why: string): never => {
    throw new BerthError("invalid-parameter", `unable to configure the daemon with file ${path}: ${why}`);
  };
  let parsed: unknown;
  try {
    parsed = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    return fail(messageOf(error));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return fail("the file must hold one JSON object");
  const unknown = Object.keys(parsed).filter((key) => !Object.hasOwn(keys, key));
  if (unknown.length > 0)
    return fail(`the following directives don't match any configuration option: ${unknown.join(", ")}`);
  for (const [key, value] of Object.entries(parsed)) {
    const [check, want] = keys[key] ?? [isText, "a string"];
    if (!check(value)) return fail(`${key} must be ${want}`);
  }
  return parsed as ConfigFile;
}

import { invalid } from "#base/errors.ts";
import type { RegistryRule } from "#remote/registry-rules.ts";
import type { RegistryEntry } from "../options/value-kinds.ts";
import type { OptionValues } from "../option-values.ts";

export function registrySettings(values: OptionValues, env: Readonly<Record<string, string | undefined>>) {
  return {
    insecureRegistries: values.list("insecure-registry").map(insecureRegistry),
    registryMirrors: values.list("registry-mirror").map(mirror),
    registryRules: Object.entries(values.map<RegistryEntry>("registries")).map(rule),
    concurrentDownloads: notNegative(values.count("max-concurrent-downloads"), "max concurrent downloads"),
    concurrentUploads: notNegative(values.count("max-concurrent-uploads"), "max concurrent uploads"),
    downloadAttempts: notNegative(values.count("max-download-attempts"), "max download attempts"),
    proxies: proxies(values, env),
  };
}

function notNegative(value: number, what: string): number {
  if (value < 0) throw invalid(`invalid ${what}: ${value}`);
  return value;
}

/** docker-compat: a scheme in front is taken off. */
function insecureRegistry(text: string): string {
  const name = text.replace(/^https?:\/\//i, "");
  if (name === "" || name.startsWith("-") || /[\s?#@]/.test(name))
    throw invalid(`insecure registry ${text} is not valid: invalid host ${JSON.stringify(name)}`);
  return name;
}

function rule([prefix, { mirrors, only }]: [string, RegistryEntry]): RegistryRule {
  if (!/^[^/\s]+[.:][^/\s]*(\/[^/\s]+)*$|^localhost(\/[^/\s]+)*$/.test(prefix))
    throw invalid(`invalid registry ${JSON.stringify(prefix)}: want a host, or a host and the beginning of a path`);
  if (mirrors.length === 0) throw invalid(`registry ${JSON.stringify(prefix)} has no mirrors`);
  return { prefix, mirrors: mirrors.map(mirror), only };
}

/** docker-compat: an address that can stand before /v2/, kept with a slash at its end. */
function mirror(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1] ?? "";
    throw invalid(`invalid mirror: unsupported scheme ${JSON.stringify(scheme)} in ${JSON.stringify(text)}`);
  }
  if (url.search !== "" || url.hash !== "")
    throw invalid(`invalid mirror: query or fragment at end of the URI ${JSON.stringify(text)}`);
  if (url.username !== "")
    throw invalid(
      `invalid mirror: username/password not allowed in URI ${JSON.stringify(`${url.protocol}//xxxxx:xxxxx@${url.host}/`)}`,
    );
  return `${text.replace(/\/+$/, "")}/`;
}

/** docker-compat: a setting stands over the variable, in both spellings. */
function proxies(
  values: OptionValues,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const names = ["http-proxy", "https-proxy", "no-proxy"].flatMap((option) => {
    const variable = option.toUpperCase().replace("-", "_");
    const value = values.text(option) || env[variable] || env[variable.toLowerCase()] || "";
    return value === "" ? [] : [[variable, value] as const];
  });
  return Object.fromEntries(names);
}

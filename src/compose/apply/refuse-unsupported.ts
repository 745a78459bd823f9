import { BerthError } from "#base/errors.ts";
import type { Service } from "../load/project.ts";

/** Keys that are read and printed, and that nothing carries out yet. */
const serviceKeys = ["credential_spec", "models", "pre_start", "provider", "use_api_socket"] as const;
const buildKeys = ["cache_from", "cache_to", "entitlements", "isolation", "privileged"] as const;

/** `not-implemented` naming what a service asks for and would not get. */
export function refuseUnsupported(services: readonly Service[]): void {
  for (const service of services) {
    const key = serviceKeys.find((name) => service[name] !== undefined && service[name] !== false);
    if (key !== undefined) throw refusal(service, key);
  }
}

/** The same of its build section. */
export function refuseUnsupportedBuild(service: Service): void {
  const section = service.build ?? {};
  const key = buildKeys.find((name) => section[name] !== undefined && section[name] !== false);
  if (key !== undefined) throw refusal(service, `build.${key}`);
  for (const attestation of ["provenance", "sbom"] as const) {
    if (!["false", undefined].includes(section[attestation])) throw refusal(service, `build.${attestation}`);
  }
  if ((section.platforms?.length ?? 0) > 1) throw refusal(service, "build.platforms with more than one");
}

const refusal = ({ name }: Service, key: string): BerthError =>
  new BerthError("not-implemented", `service ${JSON.stringify(name)}: ${key} is not supported yet`, {
    hint: "Take it out, or let `!reset` in a further file do so.",
  });

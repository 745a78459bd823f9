import { BerthError } from "#base/errors.ts";
import type { Service } from "./project.ts";

export interface ChosenServices {
  readonly enabled: ReadonlyMap<string, Service>;
  readonly disabled: ReadonlyMap<string, Service>;
}

/**
 * A service is enabled when it has no profiles, when one of them is active, or when it is named; what a named one depends on
 * is enabled too (15-profiles.md). `not-found` for a name that is no service.
 */
export function chooseServices(
  services: ReadonlyMap<string, Service>,
  profiles: readonly string[],
  named: readonly string[],
): ChosenServices {
  const wanted = closure(services, named);
  const active = (service: Service): boolean => {
    const own = service.profiles ?? [];
    return (
      own.length === 0 ||
      profiles.includes("*") ||
      own.some((profile) => profiles.includes(profile)) ||
      wanted.has(service.name)
    );
  };
  const split = (keep: boolean): ReadonlyMap<string, Service> =>
    new Map([...services].filter(([, service]) => active(service) === keep));
  return { enabled: split(true), disabled: split(false) };
}

/** The services with everything they depend on, in the order of the project; all of them when none is named. */
export function withDependencies(
  services: ReadonlyMap<string, Service>,
  named: readonly string[],
): ReadonlyMap<string, Service> {
  if (named.length === 0) return services;
  const wanted = closure(services, named);
  return new Map([...services].filter(([name]) => wanted.has(name)));
}

function closure(services: ReadonlyMap<string, Service>, named: readonly string[]): ReadonlySet<string> {
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const [other, { required }] of Object.entries(services.get(name)?.depends_on ?? {})) {
      if (required) want(other);
    }
  };
  for (const name of named) {
    if (!services.has(name)) throw new BerthError("not-found", `no such service: ${name}`);
    want(name);
  }
  return wanted;
}

import type { Reference } from "#spec/oci/reference.ts";

/** Where repositories whose names begin alike are asked for first. */
export interface RegistryRule {
  /** A registry, or a registry and the first parts of a path: `quay.io`, `docker.io/library`. */
  readonly prefix: string;
  /** Base URLs in the order to ask; a path in one stands for the prefix. */
  readonly mirrors: readonly string[];
  /** Never ask the registry itself. */
  readonly only: boolean;
}

/** A repository somewhere else. */
export interface MirroredRepository {
  /** Scheme and host. */
  readonly baseUrl: string;
  readonly repository: Reference;
}

/**
 * Where else a repository may be, by the rule with the longest prefix that its name begins with. `https://m.lan/hub` for
 * `docker.io/library` makes `docker.io/library/busybox` the repository `hub/busybox` of m.lan.
 */
export function mirrorsOf(
  rules: readonly RegistryRule[],
  repository: Reference,
): { readonly mirrors: readonly MirroredRepository[]; readonly only: boolean } {
  const name = `${repository.domain}/${repository.path}`;
  const [rule] = rules
    .filter(({ prefix }) => name === prefix || name.startsWith(`${prefix}/`))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  if (rule === undefined) return { mirrors: [], only: false };
  const rest = name.slice(rule.prefix.length + 1);
  const mirrors = rule.mirrors.map((mirror) => {
    const { origin, host, pathname } = new URL(mirror);
    const path = [...pathname.split("/"), rest].filter((part) => part !== "").join("/");
    return { baseUrl: origin, repository: { ...repository, domain: host, path } };
  });
  return { mirrors, only: rule.only };
}

import { BerthError } from "#base/errors.ts";
import type { NetworkService } from "#network/types.ts";
import type { Filters } from "#spec/docker/filters.ts";
import type { Container } from "../container.ts";
import { portSummaries } from "../network/network-settings.ts";
import { isLive } from "../status.ts";

/**
 * The `publish` and `expose` filters: a running container has one of the ports on the host, or one of them inside.
 * docker-compat: either is enough, and a container that does not run has no ports. `invalid-parameter` in Docker's words.
 */
export async function portFilter(
  networks: NetworkService,
  filters: Filters,
  containers: readonly Container[],
): Promise<(container: Container) => boolean> {
  const published = wantedPorts(filters, "publish");
  const exposed = wantedPorts(filters, "expose");
  if (published.length === 0 && exposed.length === 0) return () => true;
  const matching = new Set<string>();
  for (const container of containers.filter(({ status }) => isLive(status))) {
    const ports = portSummaries(container, await networks.endpoints(container.id));
    const found = ports.some(
      ({ PublicPort, PrivatePort, Type }) =>
        (PublicPort !== undefined && published.some((range) => contains(range, PublicPort, Type))) ||
        exposed.some((range) => contains(range, PrivatePort, Type)),
    );
    if (found) matching.add(container.id);
  }
  return ({ id }) => matching.has(id);
}

interface Wanted {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

const contains = ({ first, last, protocol }: Wanted, port: number, type: string): boolean =>
  protocol === type && port >= first && port <= last;

function wantedPorts(filters: Filters, key: "publish" | "expose"): readonly Wanted[] {
  return [...(filters.get(key) ?? [])].map((value) => {
    if (value.includes(":"))
      throw new BerthError("invalid-parameter", `filter for '${key}' should not contain ':': ${value}`);
    const [range = "", protocol = "tcp"] = value.split("/");
    const [first = "", last = first] = range.split("-");
    const wrong = [first, last].find((port) => !/^\d{1,5}$/.test(port) || Number(port) > 65_535);
    if (wrong !== undefined) {
      const why = `strconv.ParseUint: parsing ${JSON.stringify(wrong)}: ${/^\d+$/.test(wrong) ? "value out of range" : "invalid syntax"}`;
      throw new BerthError("invalid-parameter", `error while looking up for ${key} ${value}: ${why}`);
    }
    if (Number(last) < Number(first)) {
      const why = `invalid range specified for port: ${range}`;
      throw new BerthError("invalid-parameter", `error while looking up for ${key} ${value}: ${why}`);
    }
    return { first: Number(first), last: Number(last), protocol };
  });
}

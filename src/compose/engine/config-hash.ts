import { createHash } from "node:crypto";
import type { Network, Service, Volume } from "../load/project.ts";

/** A digest of what makes a container of the service another one: not of how it is built, scaled, pulled or ordered. */
export function serviceHash(service: Service, files: Readonly<Record<string, string>> = {}): string {
  const {
    build: _build,
    pull_policy: _pull,
    scale: _scale,
    depends_on: _depends,
    profiles: _profiles,
    develop: _develop,
    attach: _attach,
    env_file: _files,
    label_file: _labels,
    deploy,
    ...rest
  } = service;
  const { replicas: _replicas, update_config: _update, rollback_config: _rollback, ...deployed } = deploy ?? {};
  return digest({ ...rest, deploy: deployed, files });
}

export const networkHash = (network: Network): string => digest(network);
export const volumeHash = (volume: Volume): string => digest(volume);

function digest(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex");
}

/** The same with every mapping in the order of its keys; what is undefined is left out. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

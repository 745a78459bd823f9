import { BerthError } from "#base/errors.ts";
import { parseMountMode } from "./bind-text.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { MountSpec } from "../spec.ts";

/**
 * `--volumes-from NAME[:MODE]`: what another container has mounted, tmpfs left out. `invalid-parameter` in Docker's
 * words.
 */
export function inheritedMounts(registry: ContainerRegistry, reference: string): readonly MountSpec[] {
  const { name, readOnly } = parseVolumesFrom(reference);
  return registry.find(name).spec.mounts.flatMap((mount): MountSpec[] => {
    if (mount.type === "tmpfs") return [];
    if (mount.type === "image") return [mount];
    const inherited = { readOnly: mount.readOnly || readOnly, mode: "" };
    return mount.type === "volume" ? [{ ...mount, ...inherited, copyUp: false }] : [{ ...mount, ...inherited }];
  });
}

/** Modes that tell of propagation or copying are nothing that could be inherited. */
export function parseVolumesFrom(reference: string): { readonly name: string; readonly readOnly: boolean } {
  const at = reference.indexOf(":");
  const [name, mode] = at < 0 ? [reference, ""] : [reference.slice(0, at), reference.slice(at + 1)];
  if (name === "") throw new BerthError("invalid-parameter", `invalid volumes-from specification: '${reference}'`);
  const { readOnly, propagation, copyUp, owner } = parseMountMode(mode);
  if (propagation !== "" || !copyUp || owner !== undefined)
    throw new BerthError("invalid-parameter", `invalid mode: ${mode}`);
  return { name, readOnly };
}

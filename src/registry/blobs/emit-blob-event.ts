import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import type { RegistryEvent } from "../events/event.ts";

/** Tell what happened to a blob, which for a registry is bytes of no certain type. */
export function emitBlobEvent(
  context: RegistryContext,
  action: RegistryEvent["action"],
  about: {
    readonly repository: string;
    readonly digest: string;
    readonly sizeBytes: number;
    readonly actor: Actor;
    readonly fromRepository?: string;
  },
): void {
  const mediaType = "application/octet-stream";
  context.events.emit({ action, mediaType, isManifest: false, ...about, atMs: context.now() });
}

import { BerthError } from "#base/errors.ts";
import { parseDigest } from "#base/digest.ts";
import type { Descriptor } from "#spec/oci/image.ts";

/** A manifest's descriptor as a row holds it. `data-loss` when it is none. */
export function descriptorOf(value: unknown): Descriptor {
  const descriptor = value as Partial<Descriptor> | null;
  if (
    typeof descriptor?.mediaType !== "string" ||
    typeof descriptor.size !== "number" ||
    typeof descriptor.digest !== "string"
  ) {
    throw new BerthError("data-loss", "not a descriptor");
  }
  parseDigest(descriptor.digest);
  return descriptor as Descriptor;
}

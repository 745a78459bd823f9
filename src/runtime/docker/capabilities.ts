import { BerthError } from "#base/errors.ts";
import { capabilityNames, capabilityNumber } from "#runtime/compile/capabilities.ts";

/** What a container may do when nothing is said: Docker's fourteen. */
export const defaultCapabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

const all = "ALL";

/**
 * Capabilities of a container after `--cap-add`, `--cap-drop` and `--privileged`, names with `CAP_`, without repeats.
 * `lastCapability` is the newest one the kernel has. Errors in Docker's words: `invalid CapAdd: unknown capability: "CAP_X"`.
 */
export function containerCapabilities(
  {
    add,
    drop,
    privileged,
  }: { readonly add: readonly string[]; readonly drop: readonly string[]; readonly privileged: boolean },
  lastCapability: number,
): readonly string[] {
  const everything = capabilityNames.slice(0, lastCapability + 1);
  if (privileged) return everything;
  const added = add.map((name) => normalize(name, "CapAdd", lastCapability));
  const dropped = new Set(drop.map((name) => normalize(name, "CapDrop", lastCapability)));
  if (added.includes(all)) return everything.filter((name) => !dropped.has(name));
  const basics = dropped.has(all) ? [] : defaultCapabilities.filter((name) => !dropped.has(name));
  return [...new Set([...basics, ...added])];
}

function normalize(given: string, field: "CapAdd" | "CapDrop", lastCapability: number): string {
  const upper = given.toUpperCase();
  if (upper === all) return all;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  const number = capabilityNumber(name);
  if (number === undefined)
    throw new BerthError("invalid-parameter", `invalid ${field}: unknown capability: ${JSON.stringify(name)}`);
  if (number > lastCapability) {
    throw new BerthError(
      "invalid-parameter",
      `invalid ${field}: capability not supported by your kernel or not available in the current environment: ${JSON.stringify(name)}`,
    );
  }
  return name;
}

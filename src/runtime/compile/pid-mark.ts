import { randomHex } from "#base/ids.ts";

/** Stands for a pid that only the new process knows. Nothing that comes from elsewhere can be equal to it. */
export const pidMark = randomHex(16);

/** JSON of a value, with byte 1 for every {@link pidMark}: the shim puts the number there (plan/ops.ts, `run_hook`). */
export function textWithPid(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value).replaceAll(`"${pidMark}"`, "\u0001"));
}

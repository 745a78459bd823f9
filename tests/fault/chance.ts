/**
 * What chance decides in tests that kill: all of it follows from one seed, which is printed; FAULT_SEED repeats it. When
 * something happens is still the machine's business.
 */
import { createHash } from "node:crypto";

const seed = process.env["FAULT_SEED"] ?? String(Math.floor(Math.random() * 1e6));
console.log(`FAULT_SEED=${seed}`);

/** A whole number from 0 to below `limit`, the same for the same `what`, whoever else asks meanwhile. */
export function chosen(what: string, limit: number): number {
  return createHash("sha256").update(`${seed} ${what}`).digest().readUInt32BE() % limit;
}

import { BerthError } from "./errors.ts";
import { parseBytes } from "./units.ts";

/** How fast an endpoint may send, and as fast receive. */
export interface NetworkRate {
  readonly bitsPerSecond: number;
  /** What may pass at once after a pause. */
  readonly burstBytes: number;
}

const units: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
/** The largest packet that the kernel takes apart itself; with less, segmentation offload would be lost for nothing. */
const LEAST_DEFAULT_BURST = 64 << 10;
/** Below it the timer's grain would not let the rate be reached. */
const DEFAULT_BURST_SECONDS = 0.01;
const LEAST_BITS = 8_000;
const MOST_BITS = 100e9;
const LEAST_BURST = 2048;
const MOST_BURST = 64 << 20;

/**
 * `10mbit`, `1.5gbit/256k`: bits a second in powers of 1000 as tc(8) writes them, and a burst in bytes as Docker writes sizes.
 * `invalid-parameter` for anything else, and for what the kernel could not keep.
 */
export function parseNetworkRate(text: string): NetworkRate {
  const [, number = "", unit = "", burst] = /^(\d+(?:\.\d+)?)([kmg]?)bit(?:\/(.+))?$/i.exec(text) ?? [];
  const bitsPerSecond = Math.round(Number(number) * (units[unit.toLowerCase()] ?? 0));
  if (number === "") throw invalid(text, "want a rate such as 10mbit or 1gbit/256k");
  if (bitsPerSecond < LEAST_BITS || bitsPerSecond > MOST_BITS) throw invalid(text, "want 8kbit to 100gbit");
  const usual = Math.max(LEAST_DEFAULT_BURST, Math.round((bitsPerSecond / 8) * DEFAULT_BURST_SECONDS));
  const burstBytes = burst === undefined ? Math.min(usual, MOST_BURST) : parseBytes(burst);
  if (burstBytes < LEAST_BURST || burstBytes > MOST_BURST) throw invalid(text, "want a burst of 2k to 64m");
  return { bitsPerSecond, burstBytes };
}

function invalid(text: string, why: string): BerthError {
  return new BerthError("invalid-parameter", `invalid network rate ${JSON.stringify(text)}: ${why}`);
}

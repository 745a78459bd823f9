import { invalid, messageOf } from "#base/errors.ts";
import { parseBytes, parseDuration } from "#base/units.ts";
import type { CleanSchedule } from "#engine/image/scheduled-clean.ts";
import type { OptionValues } from "../option-values.ts";
import type { CleanupEntry } from "../options/value-kinds.ts";

const DEFAULT_EVERY = "1h";
const LEAST_EVERY_MS = 1_000;

/** When unused images go by themselves; undefined: never. */
export function cleanupSettings(values: OptionValues): { readonly imageCleanup: CleanSchedule | undefined } {
  const entry = values.value("image-cleanup") as CleanupEntry | undefined;
  if (entry === undefined) return { imageCleanup: undefined };
  const { high, low, keep = [], every = DEFAULT_EVERY } = entry;
  const highBytes = high === undefined ? undefined : parsed("high", high, parseBytes);
  const lowBytes = low === undefined ? (highBytes ?? 0) : parsed("low", low, parseBytes);
  if (low !== undefined && (highBytes === undefined || lowBytes > highBytes))
    throw invalid("image-cleanup: low needs a high that is not below it");
  const unusedMs = milliseconds("unused-for", entry["unused-for"] ?? "0s");
  if (highBytes === undefined && unusedMs === 0)
    throw invalid("image-cleanup: give high or unused-for, or every unused image would go");
  const everyMs = milliseconds("every", every);
  if (everyMs < LEAST_EVERY_MS) throw invalid("image-cleanup: every must be a second at least");
  return {
    imageCleanup: { policy: { highBytes, lowBytes, unusedMs, keep }, everyMs, dryRun: entry["dry-run"] ?? false },
  };
}

function milliseconds(name: string, text: string): number {
  return Number(parsed(name, text, parseDuration) / 1_000_000n);
}

function parsed<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(`image-cleanup: ${name}: ${messageOf(error)}`);
  }
}

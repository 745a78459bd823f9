import { invalid } from "#base/errors.ts";
import { parseBool, parseInteger, sizeOf, within } from "./go-values.ts";
import type { LogStorePlan } from "./log-plan.ts";
import type { LogOptions } from "./log-options.ts";

const defaultSizeBytes = 20 * 1024 * 1024;
const defaultFiles = 5;
/** Renaming so many files at every rotation is still quick. */
const mostFiles = 10_000;

/** docker-compat: without `max-size` it grows without limit, as log shippers expect of it. */
export function jsonFilePlan(options: LogOptions): LogStorePlan {
  const size = options["max-size"];
  const maxSizeBytes = size === undefined ? Number.MAX_SAFE_INTEGER : sizeOf(size);
  if (maxSizeBytes <= 0) throw invalid("max-size must be a positive number");
  const maxFiles = options["max-file"] === undefined ? 1 : filesOf(parseInteger(options["max-file"]));
  if (maxFiles < 1) throw invalid("max-file cannot be less than 1");
  const compress = options["compress"] !== undefined && parseBool(options["compress"]);
  if (compress && (maxFiles < 2 || size === undefined)) {
    throw invalid("compress cannot be true when max-file is less than 2 or max-size is not set");
  }
  return { format: "json", maxSizeBytes, maxFiles, compress, hold: false };
}

export function localPlan(options: LogOptions): LogStorePlan {
  return boundedPlan(options, { size: "max-size", files: "max-file", compress: "compress" });
}

/** The engine's own format, always bounded. */
export function boundedPlan(
  options: LogOptions,
  names: { readonly size: string; readonly files: string; readonly compress: string },
): LogStorePlan {
  const size = options[names.size];
  const sizeBytes = size === undefined ? defaultSizeBytes : sizeOf(size, `invalid value for ${names.size}: ${size}: `);
  const files = options[names.files];
  const maxFiles =
    files === undefined
      ? defaultFiles
      : within(`invalid value for ${names.files}: ${files}: `, () => filesOf(parseInteger(files)));
  const flag = options[names.compress];
  const compress = flag === undefined || within("error reading compress log option: ", () => parseBool(flag));
  if (compress && maxFiles <= 1) throw invalid("compression cannot be enabled when max file count is 1");
  if (maxFiles < 1) throw invalid("max-file cannot be less than 1");
  return {
    format: "records",
    maxSizeBytes: sizeBytes === 0 ? Number.MAX_SAFE_INTEGER : sizeBytes,
    maxFiles,
    compress,
    hold: false,
  };
}

function filesOf(count: number): number {
  if (count > mostFiles) throw invalid(`max-file cannot be more than ${mostFiles}`);
  return count;
}

import { BerthError } from "#base/errors.ts";
import { normalizePlatform, type Platform } from "../oci/platform.ts";

/**
 * The `platform` parameter of the API from 1.46 on: an OCI platform as JSON. Undefined when it is not given,
 * `invalid-parameter` for what is none.
 */
export function parsePlatformParameter(text: string): Platform | undefined {
  if (text === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BerthError("invalid-parameter", "failed to parse platform: it is no JSON", { cause });
  }
  const { os, architecture, variant } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "") {
    throw new BerthError("invalid-parameter", "failed to parse platform: both OS and Architecture must be provided");
  }
  return normalizePlatform({ os, architecture, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) });
}

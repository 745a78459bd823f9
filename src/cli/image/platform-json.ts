import { parsePlatform, platformOfHost } from "#spec/oci/platform.ts";

/** A platform as a person writes it, in the form that the API takes: an OCI platform as JSON. "" stays "". */
export function platformJson(text: string): string {
  if (text === "") return "";
  const { os, architecture, variant } = parsePlatform(text, platformOfHost(process.arch));
  return JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) });
}

import { BerthError, messageOf } from "#base/errors.ts";
import { parseJsonExact } from "#spec/oci/runtime-json.ts";
import type { Profile } from "./profile.ts";

/** Read the text of `--security-opt seccomp=<profile>`; `invalid-parameter` "Decoding seccomp profile failed: …". */
export function parseProfile(text: string): Profile {
  let value: unknown;
  try {
    value = parseJsonExact(text);
  } catch (error) {
    throw failed(messageOf(error));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw failed("the profile is not an object");
  const profile = value as Profile;
  if (profile.defaultAction !== undefined && typeof profile.defaultAction !== "string")
    throw failed("defaultAction is not a string");
  if (!isList(profile.syscalls)) throw failed("syscalls is not a list");
  if (!isList(profile.architectures) || !isList(profile.archMap))
    throw failed("architectures or archMap is not a list");
  for (const rule of profile.syscalls ?? []) {
    if (typeof rule !== "object" || rule === null) throw failed("a rule is not an object");
    if (typeof rule.action !== "string") throw failed("a rule has no action");
    if (!isList(rule.args) || !isList(rule.names)) throw failed("names or args of a rule is not a list");
    if ((rule.names ?? []).some((name) => typeof name !== "string")) throw failed("a system call name is not a string");
    for (const arg of rule.args ?? []) {
      if (
        ![arg.value, arg.valueTwo ?? 0].every((number) => typeof number === "bigint" || Number.isSafeInteger(number))
      ) {
        throw failed("an argument value is not an integer");
      }
    }
  }
  return profile;
}

const isList = (value: unknown): boolean => value === undefined || value === null || Array.isArray(value);

const failed = (reason: string): BerthError =>
  new BerthError("invalid-parameter", `Decoding seccomp profile failed: ${reason}`);

import { BerthError } from "#base/errors.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import type { Linux } from "#spec/oci/runtime.ts";

/**
 * The mount option that gives all files of a new file system the container's SELinux label; none without a label.
 * `invalid-parameter` in runc's words where the kernel has no SELinux.
 */
export function contextOption(
  { mountLabel = "" }: Linux,
  { selinux }: Pick<RuntimeFacts, "selinux">,
): readonly string[] {
  if (mountLabel === "") return [];
  if (!selinux)
    throw new BerthError(
      "invalid-parameter",
      "selinux label is specified in config, but selinux is disabled or not supported",
    );
  return [`context=${mountLabel}`];
}

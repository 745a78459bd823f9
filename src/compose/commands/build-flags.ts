import type { FlagSpec } from "#cli/flags/flag-kind.ts";
import { listFlag, on, switchFlag, textFlag } from "./shared-flags.ts";

/** Flags of `build`. */
export const buildFlags: readonly FlagSpec[] = [
  listFlag("build-arg", "Set build-time variables for services"),
  textFlag("builder", "Set builder to use"),
  switchFlag("check", "Check build configuration"),
  switchFlag("compress", "Compress the build context using gzip. DEPRECATED", { hidden: true, ...on }),
  switchFlag("force-rm", "Always remove intermediate containers. DEPRECATED", { hidden: true, ...on }),
  textFlag("memory", "Set memory limit for the build container. Not supported by BuildKit.", { short: "m" }),
  switchFlag("no-cache", "Do not use cache when building the image"),
  switchFlag("no-rm", "Do not remove intermediate containers after a successful build. DEPRECATED", {
    hidden: true,
  }),
  switchFlag("parallel", "Build images in parallel. DEPRECATED", { hidden: true, ...on }),
  switchFlag("print", "Print equivalent bake file"),
  textFlag("progress", "Set type of ui output", { hidden: true }),
  textFlag("provenance", "Add a provenance attestation"),
  switchFlag("pull", "Always attempt to pull a newer version of the image"),
  switchFlag("push", "Push service images"),
  switchFlag("quiet", "Suppress the build output", { short: "q" }),
  textFlag("sbom", "Add a SBOM attestation"),
  textFlag(
    "ssh",
    "Set SSH authentications used when building service images. (use 'default' for using your default SSH Agent)",
  ),
  switchFlag("with-dependencies", "Also build dependencies (transitively)"),
];

import { buildFlags } from "../build/build-flags.ts";
import { bytes } from "../container/options/resource-options.ts";
import type { Command } from "../command.ts";
import { filter, list, text, toggle } from "../flags/flag-kind.ts";
import { TABLE_FORMAT_USAGE } from "./format-usage.ts";

/** Commands about builds and their cache. */
export const buildCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["builder build", "buildx build", "image build", "build"],
    usage: "[OPTIONS] PATH | URL | -",
    summary: "Build an image from a Dockerfile",
    flags: buildFlags,
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../build/build.ts")).build,
  },
  {
    kind: "command",
    paths: ["builder prune", "buildx prune"],
    usage: "[OPTIONS]",
    summary: "Remove build cache",
    flags: [
      { name: "all", short: "a", kind: toggle, usage: "Remove all unused build cache, not just dangling ones" },
      { name: "filter", kind: filter, usage: 'Provide filter values (e.g. "until=24h")' },
      { name: "force", short: "f", kind: toggle, usage: "Do not prompt for confirmation" },
      { name: "keep-storage", kind: bytes, usage: "Amount of disk space to keep for cache" },
      { name: "max-used-space", kind: bytes, usage: "Maximum amount of disk space allowed to keep for cache" },
      { name: "min-free-space", kind: bytes, usage: "Target amount of free disk space after pruning" },
      { name: "reserved-space", kind: bytes, usage: "Amount of disk space always allowed to keep for cache" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../build/prune-cache.ts")).pruneCache,
  },
  {
    kind: "command",
    paths: ["builder du", "buildx du"],
    usage: "[OPTIONS]",
    summary: "Show what the build cache holds",
    flags: [
      { name: "filter", kind: filter, usage: 'Provide filter values (e.g. "type=regular")' },
      { name: "verbose", kind: toggle, usage: "Show all there is to know of each record" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../build/cache-usage.ts")).cacheUsage,
  },
  {
    kind: "command",
    paths: ["builder history ls", "builder history", "buildx history ls", "buildx history"],
    usage: "[OPTIONS]",
    summary: "List build records",
    flags: [
      { name: "filter", kind: list, usage: 'Provide filter values (e.g. "status=error", "duration>1m")' },
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE, fallback: "table", value: "table" },
      { name: "no-trunc", kind: toggle, usage: "Don't truncate output" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../build/history/list-builds.ts")).listBuilds,
  },
  {
    kind: "command",
    paths: ["builder history inspect", "buildx history inspect"],
    usage: "[OPTIONS] [BUILD]",
    summary: "Inspect a build: the last one, BUILD by its id, or ^N for the Nth before the last",
    flags: [
      {
        name: "format",
        kind: text,
        usage: 'Format the output: "pretty", "json" or a Go template',
        fallback: "pretty",
        value: "pretty",
      },
    ],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../build/history/inspect-build.ts")).inspectBuild,
  },
  {
    kind: "command",
    paths: ["builder history inspect attachment", "buildx history inspect attachment"],
    usage: "[OPTIONS] [BUILD] [DIGEST]",
    summary: "Print a statement about what a build made: its provenance or SBOM, while the engine has the image",
    flags: [
      { name: "platform", kind: text, usage: "Platform of the attachment" },
      { name: "type", kind: text, usage: "Type of the attachment, such as https://slsa.dev/provenance/v1" },
    ],
    args: { kind: "at-most", count: 2 },
    load: async () => (await import("../build/history/inspect-attachment.ts")).inspectAttachment,
  },
  {
    kind: "command",
    paths: ["builder history logs", "buildx history logs"],
    usage: "[OPTIONS] [BUILD]",
    summary: "Print the logs of a build",
    flags: [
      {
        name: "progress",
        kind: text,
        usage: 'Set type of progress output ("plain", "rawjson")',
        fallback: "plain",
        value: "plain",
      },
    ],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../build/history/build-logs.ts")).buildLogs,
  },
  {
    kind: "command",
    paths: ["builder history export", "buildx history export"],
    usage: "[OPTIONS] [BUILD...]",
    summary: "Export build records: the last one, or each BUILD, into a file for `import`",
    flags: [
      { name: "all", kind: toggle, usage: "Export all build records that are over" },
      { name: "finalize", kind: toggle, usage: "Records are final as soon as a build is over; no effect" },
      { name: "output", short: "o", kind: text, usage: "Output file path" },
    ],
    args: { kind: "at-least", count: 0 },
    load: async () => (await import("../build/history/export-builds.ts")).exportBuilds,
  },
  {
    kind: "command",
    paths: ["builder history import", "buildx history import"],
    usage: "[OPTIONS] [-]",
    summary: "Import build records that `export` wrote",
    flags: [{ name: "file", short: "f", kind: list, usage: "Import from a file path" }],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../build/history/import-builds.ts")).importBuilds,
  },
  {
    kind: "command",
    paths: ["builder history rm", "buildx history rm"],
    usage: "[OPTIONS] [BUILD...]",
    summary: "Remove build records",
    flags: [{ name: "all", kind: toggle, usage: "Remove all build records" }],
    args: { kind: "at-least", count: 0 },
    load: async () => (await import("../build/history/remove-builds.ts")).removeBuilds,
  },
  {
    kind: "command",
    paths: ["builder history trace", "buildx history trace"],
    usage: "[OPTIONS] [BUILD]",
    summary: "Print a build's steps in time, as OpenTelemetry's JSON for programs that show traces",
    flags: [
      { name: "compare", kind: text, usage: "Another build, whose trace comes too" },
      { name: "output", short: "o", kind: text, usage: "Output file path" },
    ],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../build/history/trace-build.ts")).traceBuild,
  },
];

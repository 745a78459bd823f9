import type { Command } from "../command.ts";
import { filter, int, list, strings, text, toggle } from "../flags/flag-kind.ts";
import { FORMAT_USAGE, TABLE_FORMAT_USAGE } from "./format-usage.ts";

/** Commands about images, in their `image …` and short forms. */
export const imageCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["image ls", "image list", "images"],
    usage: "[OPTIONS] [REPOSITORY[:TAG]]",
    summary: "List images",
    flags: [
      { name: "all", short: "a", kind: toggle, usage: "Show all images (default hides intermediate images)" },
      { name: "digests", kind: toggle, usage: "Show digests" },
      { name: "filter", short: "f", kind: filter, usage: "Filter output based on conditions provided" },
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      { name: "no-trunc", kind: toggle, usage: "Don't truncate output" },
      { name: "quiet", short: "q", kind: toggle, usage: "Only show image IDs" },
      { name: "tree", kind: toggle, usage: "List multi-platform images as a tree (EXPERIMENTAL)" },
    ],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../image/list.ts")).listImages,
  },
  {
    kind: "command",
    paths: ["image import", "import"],
    usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    summary: "Import the contents from a tarball to create a filesystem image",
    flags: [
      { name: "change", short: "c", kind: list, usage: "Apply Dockerfile instruction to the created image" },
      { name: "message", short: "m", kind: text, usage: "Set commit message for imported image" },
      { name: "platform", kind: text, usage: "Set platform if server is multi-platform capable" },
    ],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../image/import.ts")).importImage,
  },
  {
    kind: "command",
    paths: ["image load", "load"],
    usage: "[OPTIONS]",
    summary: "Load an image from a tar archive or STDIN",
    flags: [
      { name: "input", short: "i", kind: text, usage: "Read from tar archive file, instead of STDIN" },
      {
        name: "platform",
        kind: text,
        usage: 'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      },
      { name: "quiet", short: "q", kind: toggle, usage: "Suppress the load output" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../image/load.ts")).load,
  },
  {
    kind: "command",
    paths: ["image save", "save"],
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    flags: [
      { name: "output", short: "o", kind: text, usage: "Write to a file, instead of STDOUT" },
      {
        name: "platform",
        kind: text,
        usage: 'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      },
    ],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../image/save.ts")).save,
  },
  {
    kind: "command",
    paths: ["image prune"],
    usage: "[OPTIONS]",
    summary: "Remove unused images",
    flags: [
      { name: "all", short: "a", kind: toggle, usage: "Remove all unused images, not just dangling ones" },
      { name: "filter", kind: filter, usage: 'Provide filter values (e.g. "until=<timestamp>")' },
      { name: "force", short: "f", kind: toggle, usage: "Do not prompt for confirmation" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../prune/prune-images.ts")).pruneImages,
  },
  {
    kind: "command",
    paths: ["image pull", "pull"],
    usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
    summary: "Download an image from a registry",
    flags: [
      { name: "all-tags", short: "a", kind: toggle, usage: "Download all tagged images in the repository" },
      { name: "disable-content-trust", kind: toggle, usage: "Skip image verification", fallback: "true", value: true },
      { name: "platform", kind: text, usage: "Set platform if server is multi-platform capable" },
      { name: "quiet", short: "q", kind: toggle, usage: "Suppress verbose output" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../image/pull.ts")).pull,
  },
  {
    kind: "command",
    paths: ["image push", "push"],
    usage: "[OPTIONS] NAME[:TAG]",
    summary: "Upload an image to a registry",
    flags: [
      { name: "all-tags", short: "a", kind: toggle, usage: "Push all tags of an image to the repository" },
      {
        name: "compression",
        kind: text,
        usage: "Compression of layers that were never pushed: gzip (default) or zstd",
      },
      { name: "disable-content-trust", kind: toggle, usage: "Skip image signing", fallback: "true", value: true },
      {
        name: "platform",
        kind: text,
        usage:
          "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
      },
      { name: "quiet", short: "q", kind: toggle, usage: "Suppress verbose output" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../image/push.ts")).push,
  },
  {
    kind: "command",
    paths: ["image rm", "image remove", "rmi"],
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    summary: "Remove one or more images",
    flags: [
      { name: "force", short: "f", kind: toggle, usage: "Force removal of the image" },
      { name: "no-prune", kind: toggle, usage: "Do not delete untagged parents" },
      {
        name: "platform",
        kind: strings,
        usage: 'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      },
    ],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../image/remove.ts")).removeImages,
  },
  {
    kind: "command",
    paths: ["search"],
    usage: "[OPTIONS] TERM",
    summary: "Search Docker Hub for images",
    flags: [
      { name: "filter", short: "f", kind: filter, usage: "Filter output based on conditions provided" },
      { name: "format", kind: text, usage: "Pretty-print search using a Go template" },
      { name: "limit", kind: int, usage: "Max number of search results" },
      { name: "no-trunc", kind: toggle, usage: "Don't truncate output" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../image/search.ts")).search,
  },
  {
    kind: "command",
    paths: ["image tag", "tag"],
    usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    flags: [],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../image/tag.ts")).tag,
  },
  {
    kind: "command",
    paths: ["image history", "history"],
    usage: "[OPTIONS] IMAGE",
    summary: "Show the history of an image",
    flags: [
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      {
        name: "human",
        short: "H",
        kind: toggle,
        usage: "Print sizes and dates in human readable format",
        fallback: "true",
        value: true,
      },
      { name: "no-trunc", kind: toggle, usage: "Don't truncate output" },
      {
        name: "platform",
        kind: text,
        usage: 'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      },
      { name: "quiet", short: "q", kind: toggle, usage: "Only show image IDs" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../image/history.ts")).history,
  },
  {
    kind: "command",
    paths: ["image inspect"],
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    summary: "Display detailed information on one or more images",
    flags: [
      { name: "format", short: "f", kind: text, usage: FORMAT_USAGE },
      {
        name: "platform",
        kind: text,
        usage:
          "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
      },
    ],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../inspect/inspect-command.ts")).inspectImages,
  },
];

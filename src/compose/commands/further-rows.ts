import { int, type FlagSpec } from "#cli/flags/flag-kind.ts";
import { atLeast, exactly, none, row } from "./row.ts";
import { format, listFlag, switchFlag, textFlag, yes } from "./shared-flags.ts";
import { scaleFlags } from "./scale-flags.ts";
import type { Subcommand } from "./subcommand.ts";

const publishFlags: readonly FlagSpec[] = [
  switchFlag("app", "Published compose application (includes referenced images)"),
  switchFlag("insecure-registry", "Use insecure registry", { hidden: true }),
  textFlag("oci-version", "OCI image/artifact specification version (automatically determined by default)"),
  switchFlag("resolve-image-digests", "Pin image tags to digests"),
  switchFlag("with-env", "Include environment variables in the published OCI artifact"),
  yes,
];
const publish = async () => (await import("./publish.ts")).publish;
const bridge = () => import("./bridge.ts");
const experimental = { hidden: true } as const;

const schedules = () => import("./schedule.ts");
const scheduleFormat = format("Format the output. Values: [table | json]", "table");

/** Commands about a project's file rather than its containers: publishing, converting, trying out. */
export const furtherRows: readonly Subcommand[] = [
  row("alpha dry-run", "Dry run command allows you to test a command without applying changes", {
    ...experimental,
    usage: "-- [COMMAND...]",
    interspersed: false,
    load: async () => (await import("./alpha.ts")).dryRun,
  }),
  row("alpha generate", "EXPERIMENTAL - Generate a Compose file from existing containers", {
    ...experimental,
    usage: "[OPTIONS] [CONTAINERS...]",
    args: atLeast(1),
    flags: [
      format("Format the output. Values: [yaml | json]", "yaml"),
      textFlag("name", "Project name to set in the Compose file"),
      textFlag("project-dir", "Directory to use for the project"),
    ],
    load: async () => (await import("./generate.ts")).generate,
  }),
  row("alpha publish", "Publish compose application", {
    ...experimental,
    usage: "[OPTIONS] REPOSITORY[:TAG]",
    args: exactly(1),
    flags: publishFlags,
    load: publish,
  }),
  row("alpha scale", "Scale services", {
    ...experimental,
    usage: "[SERVICE=REPLICAS...]",
    args: atLeast(1),
    flags: scaleFlags,
    load: async () => (await import("./up.ts")).scale,
  }),
  row("alpha viz", "EXPERIMENTAL - Generate a graphviz graph from your compose file", {
    ...experimental,
    usage: "[OPTIONS]",
    args: none,
    flags: [
      switchFlag("image", "Include service's image name in output graph"),
      {
        name: "indentation-size",
        kind: int,
        value: 1,
        fallback: "1",
        usage: "Number of tabs or spaces to use for indentation",
      },
      switchFlag("networks", "Include service's attached networks in output graph"),
      switchFlag("ports", "Include service's exposed ports in output graph"),
      switchFlag(
        "spaces",
        "If given, space character ' ' will be used to indent,\notherwise tab character '\\t' will be used",
      ),
    ],
    load: async () => (await import("./alpha.ts")).viz,
  }),
  row("alpha watch", "Watch build context for service and rebuild/refresh containers when files are updated", {
    ...experimental,
    flags: [
      switchFlag("no-up", "Do not build & start services before watching"),
      switchFlag("quiet", "hide build output"),
    ],
    load: async () => (await import("./watch.ts")).watch,
  }),
  row("bridge convert", "Convert compose files to Kubernetes manifests, Helm charts, or another model", {
    usage: "[OPTIONS]",
    args: none,
    flags: [
      textFlag("output", "The output directory for the Kubernetes resources", {
        short: "o",
        value: "out",
        fallback: '"out"',
      }),
      textFlag("templates", "Directory containing transformation templates"),
      listFlag(
        "transformation",
        "Transformation to apply to compose model (default: docker/compose-bridge-kubernetes)",
        { short: "t" },
      ),
    ],
    load: async () => (await bridge()).convert,
  }),
  row("bridge transformations create", "Create a new transformation", {
    usage: "[OPTION] PATH",
    args: exactly(1),
    flags: [
      textFlag("from", "Existing transformation to copy (default: docker/compose-bridge-kubernetes)", { short: "f" }),
    ],
    load: async () => (await bridge()).createTransformation,
  }),
  row("bridge transformations list", "List available transformations", {
    usage: "[OPTIONS]",
    aliases: ["bridge transformations ls"],
    args: none,
    flags: [
      format("Format the output. Values: [table | json]", "table"),
      switchFlag("quiet", "Only display transformer names", { short: "q" }),
    ],
    load: async () => (await bridge()).listTransformations,
  }),
  row("publish", "Publish compose application", {
    usage: "[OPTIONS] REPOSITORY[:TAG]",
    args: exactly(1),
    flags: publishFlags,
    load: publish,
  }),
  row("schedule history", "List what was started by schedule", {
    flags: [scheduleFormat],
    load: async () => (await schedules()).scheduleHistory,
  }),
  row("schedule ls", "List services that are started by schedule", {
    flags: [scheduleFormat],
    load: async () => (await schedules()).listSchedules,
  }),
  row("schedule run", "Start a service with a schedule now", {
    usage: "SERVICE",
    args: exactly(1),
    load: async () => (await schedules()).runScheduled,
  }),
];

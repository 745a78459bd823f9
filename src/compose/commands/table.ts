import { filter, int } from "#cli/flags/flag-kind.ts";
import {
  switchFlag,
  textFlag,
  listFlag,
  on,
  quiet,
  index,
  timeout,
  format,
  detachKeys,
  earlierNoTty,
  removeOrphans,
  noColour,
  noPrefix,
  scaleFlag,
  pullPolicy,
  yes,
} from "./shared-flags.ts";
import type { Subcommand } from "./subcommand.ts";
import { atLeast, exactly, none, row } from "./row.ts";
import { furtherRows } from "./further-rows.ts";
import { scaleFlags } from "./scale-flags.ts";
import { runFlags } from "./run-flags.ts";
import { buildFlags } from "./build-flags.ts";
import { upFlags } from "./up-flags.ts";

const lifecycle = () => import("./lifecycle.ts");
const delegated = () => import("./delegated.ts");
const lists = () => import("./list.ts");
const upModule = () => import("./up.ts");

const ownRows: readonly Subcommand[] = [
  row("attach", "Attach local standard input, output, and error streams to a service's running container", {
    usage: "[OPTIONS] SERVICE",
    args: exactly(1),
    flags: [
      detachKeys,
      index,
      switchFlag("no-stdin", "Do not attach STDIN"),
      switchFlag("sig-proxy", "Proxy all received signals to the process", on),
    ],
    load: async () => (await delegated()).attach,
  }),
  row("build", "Build or rebuild services", {
    flags: buildFlags,
    load: async () => (await import("./images.ts")).build,
  }),
  row("commit", "Create a new image from a service container's changes", {
    usage: "[OPTIONS] SERVICE [REPOSITORY[:TAG]]",
    args: { kind: "between", least: 1, most: 2 },
    flags: [
      textFlag("author", 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', { short: "a" }),
      listFlag("change", "Apply Dockerfile instruction to the created image", { short: "c" }),
      index,
      textFlag("message", "Commit message", { short: "m" }),
      switchFlag("pause", "Pause container during commit", { short: "p", ...on }),
    ],
    load: async () => (await delegated()).commit,
  }),
  row("config", "Parse, resolve and render compose file in canonical format", {
    aliases: ["convert"],
    flags: [
      switchFlag("environment", "Print environment used for interpolation."),
      format("Format the output. Values: [yaml | json]"),
      textFlag("hash", "Print the service config hash, one per line."),
      switchFlag("images", "Print the image names, one per line."),
      switchFlag("lock-image-digests", "Produces an override file with image digests"),
      switchFlag("models", "Print the model names, one per line."),
      switchFlag("networks", "Print the network names, one per line."),
      switchFlag("no-consistency", "Don't check model consistency - warning: may produce invalid Compose output"),
      switchFlag("no-env-resolution", "Don't resolve service env files"),
      switchFlag("no-interpolate", "Don't interpolate environment variables"),
      switchFlag("no-normalize", "Don't normalize compose model", { hidden: true }),
      switchFlag("no-path-resolution", "Don't resolve file paths"),
      textFlag("output", "Save to file (default to stdout)", { short: "o" }),
      switchFlag("profiles", "Print the profile names, one per line."),
      switchFlag("quiet", "Only validate the configuration, don't print anything", { short: "q" }),
      switchFlag("resolve-image-digests", "Pin image tags to digests"),
      switchFlag("services", "Print the service names, one per line."),
      switchFlag("variables", "Print model variables and default values."),
      switchFlag("volumes", "Print the volume names, one per line."),
    ],
    load: async () => (await import("./config.ts")).config,
  }),
  row("cp", "Copy files/folders between a service container and the local filesystem", {
    usage: "[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n\tdocker compose cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH",
    args: exactly(2),
    flags: [
      switchFlag("all", "Include containers created by the run command", {
        hidden: true,
        deprecated: "By default all the containers of the service will get the source file/directory to be copied",
      }),
      switchFlag("archive", "Archive mode (copy all uid/gid information)", { short: "a" }),
      switchFlag("follow-link", "Always follow symbol link in SRC_PATH", { short: "L" }),
      index,
    ],
    load: async () => (await import("./copy.ts")).copy,
  }),
  row("create", "Creates containers for a service", {
    flags: [
      switchFlag("build", "Build images before starting containers"),
      switchFlag("force-recreate", "Recreate containers even if their configuration and image haven't changed"),
      switchFlag("no-build", "Don't build an image, even if it's policy"),
      switchFlag(
        "no-recreate",
        "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
      ),
      pullPolicy('"always"|"missing"|"never"|"build"'),
      switchFlag("quiet-pull", "Pull without printing progress information"),
      removeOrphans,
      scaleFlag,
      yes,
    ],
    load: async () => (await upModule()).create,
  }),
  row("down", "Stop and remove containers, networks", {
    flags: [
      removeOrphans,
      textFlag(
        "rmi",
        'Remove images used by services. "local" remove only images that don\'t have a custom tag ("local"|"all")',
      ),
      timeout,
      switchFlag(
        "volumes",
        'Remove named volumes declared in the "volumes" section of the Compose file and anonymous volumes attached to containers',
        { short: "v" },
      ),
    ],
    load: async () => (await import("./down.ts")).down,
  }),
  row("events", "Receive real time events from containers", {
    flags: [
      switchFlag("json", "Output events as a stream of json objects"),
      textFlag("since", "Show all events created since timestamp"),
      textFlag("until", "Stream events until this timestamp"),
    ],
    load: async () => (await delegated()).events,
  }),
  row("exec", "Execute a command in a running container", {
    usage: "[OPTIONS] SERVICE COMMAND [ARGS...]",
    args: atLeast(2),
    interspersed: false,
    flags: [
      switchFlag("detach", "Detached mode: Run command in the background", { short: "d" }),
      listFlag("env", "Set environment variables", { short: "e" }),
      index,
      switchFlag("interactive", "Keep STDIN open even if not attached", { short: "i", hidden: true, ...on }),
      switchFlag("no-tty", "Disable pseudo-TTY allocation. By default 'docker compose exec' allocates a TTY.", {
        short: "T",
      }),
      earlierNoTty,
      switchFlag("privileged", "Give extended privileges to the process"),
      switchFlag("tty", "Allocate a pseudo-TTY", { short: "t", hidden: true, ...on }),
      textFlag("user", "Run the command as this user", { short: "u" }),
      textFlag("workdir", "Path to workdir directory for this command", { short: "w" }),
    ],
    load: async () => (await delegated()).exec,
  }),
  row("export", "Export a service container's filesystem as a tar archive", {
    usage: "[OPTIONS] SERVICE",
    args: exactly(1),
    flags: [index, textFlag("output", "Write to a file, instead of STDOUT", { short: "o" })],
    load: async () => (await delegated()).exportRoot,
  }),
  row("images", "List images used by the created containers", {
    flags: [format("Format the output. Values: [table | json]", "table"), quiet],
    load: async () => (await lists()).images,
  }),
  row("kill", "Force stop service containers", {
    flags: [
      removeOrphans,
      textFlag("signal", "SIGNAL to send to the container", { short: "s", value: "SIGKILL", fallback: '"SIGKILL"' }),
    ],
    load: async () => (await lifecycle()).kill,
  }),
  row("logs", "View output from containers", {
    flags: [
      switchFlag("follow", "Follow log output", { short: "f" }),
      index,
      noColour,
      noPrefix,
      textFlag("since", "Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)"),
      textFlag("tail", "Number of lines to show from the end of the logs for each container", {
        short: "n",
        value: "all",
        fallback: '"all"',
      }),
      switchFlag("timestamps", "Show timestamps", { short: "t" }),
      textFlag(
        "until",
        "Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
      ),
    ],
    load: async () => (await import("./logs.ts")).logs,
  }),
  row("ls", "List running compose projects", {
    usage: "[OPTIONS]",
    args: none,
    flags: [
      switchFlag("all", "Show all stopped Compose projects", { short: "a" }),
      { name: "filter", kind: filter, usage: "Filter output based on conditions provided" },
      format("Format the output. Values: [table | json]", "table"),
      quiet,
    ],
    load: async () => (await lists()).projects,
  }),
  row("pause", "Pause services", { usage: "[SERVICE...]", load: async () => (await lifecycle()).pause }),
  row("plan", "Show what up would change, and why", {
    flags: [switchFlag("exit-code", "End with 2 when something would change"), removeOrphans, scaleFlag],
    load: async () => (await import("./plan.ts")).plan,
  }),
  row("port", "Print the public port for a port binding", {
    usage: "[OPTIONS] SERVICE PRIVATE_PORT",
    args: exactly(2),
    flags: [index, textFlag("protocol", "tcp or udp", { value: "tcp", fallback: '"tcp"' })],
    load: async () => (await lists()).port,
  }),
  row("ps", "List containers", {
    flags: [
      switchFlag("all", "Show all stopped containers (including those created by the run command)", { short: "a" }),
      textFlag("filter", "Filter services by a property (supported filters: status)"),
      format("Format output using a custom template (table, json or a Go template)", "table"),
      switchFlag("no-trunc", "Don't truncate output"),
      switchFlag("orphans", "Include orphaned services (not declared by project)", on),
      quiet,
      switchFlag("services", "Display services"),
      listFlag(
        "status",
        "Filter services by status. Values: [paused | restarting | removing | running | dead | created | exited]",
      ),
    ],
    load: async () => (await lists()).ps,
  }),
  row("pull", "Pull service images", {
    flags: [
      switchFlag("ignore-buildable", "Ignore images that can be built"),
      switchFlag("ignore-pull-failures", "Pull what it can and ignores images with pull failures"),
      switchFlag("include-deps", "Also pull services declared as dependencies"),
      textFlag("policy", 'Apply pull policy ("missing"|"always")'),
      switchFlag("no-parallel", "DEPRECATED disable parallel pulling", { hidden: true, ...on }),
      switchFlag("parallel", "DEPRECATED pull multiple images in parallel", { hidden: true, ...on }),
      switchFlag("quiet", "Pull without printing progress information", { short: "q" }),
    ],
    load: async () => (await import("./images.ts")).pull,
  }),
  row("push", "Push service images", {
    flags: [
      switchFlag("ignore-push-failures", "Push what it can and ignores images with push failures"),
      switchFlag("include-deps", "Also push images of services declared as dependencies"),
      switchFlag("quiet", "Push without printing progress information", { short: "q" }),
    ],
    load: async () => (await import("./images.ts")).push,
  }),
  row("restart", "Restart service containers", {
    flags: [switchFlag("no-deps", "Don't restart dependent services"), timeout],
    load: async () => (await lifecycle()).restart,
  }),
  row("rm", "Removes stopped service containers", {
    flags: [
      switchFlag("all", "Deprecated - no effect", { short: "a", hidden: true }),
      switchFlag("force", "Don't ask to confirm removal", { short: "f" }),
      switchFlag("stop", "Stop the containers, if required, before removing", { short: "s" }),
      switchFlag("volumes", "Remove any anonymous volumes attached to containers", { short: "v" }),
    ],
    load: async () => (await lifecycle()).remove,
  }),
  row("run", "Run a one-off command on a service", {
    usage: "[OPTIONS] SERVICE [COMMAND] [ARGS...]",
    args: atLeast(1),
    interspersed: false,
    flags: runFlags,
    load: async () => (await import("./run.ts")).run,
  }),
  row("scale", "Scale services", {
    usage: "[SERVICE=REPLICAS...]",
    args: atLeast(1),
    flags: scaleFlags,
    load: async () => (await upModule()).scale,
  }),
  row("start", "Start services", {
    flags: [
      switchFlag("wait", "Wait for services to be running|healthy. Implies detached mode."),
      {
        name: "wait-timeout",
        kind: int,
        usage: "Maximum duration in seconds to wait for the project to be running|healthy",
      },
    ],
    load: async () => (await lifecycle()).start,
  }),
  row("stats", "Display a live stream of container(s) resource usage statistics", {
    flags: [
      switchFlag("all", "Show all containers (default shows just running)", { short: "a" }),
      format("Format output using a custom template (table, json or a Go template)"),
      switchFlag("no-stream", "Disable streaming stats and only pull the first result"),
      switchFlag("no-trunc", "Do not truncate output"),
    ],
    load: async () => (await delegated()).stats,
  }),
  row("stop", "Stop services", { flags: [timeout], load: async () => (await lifecycle()).stop }),
  row("top", "Display the running processes", { usage: "[SERVICES...]", load: async () => (await lists()).top }),
  row("unpause", "Unpause services", { usage: "[SERVICE...]", load: async () => (await lifecycle()).unpause }),
  row("up", "Create and start containers", {
    flags: upFlags,
    load: async () => (await upModule()).up,
  }),
  row("version", "Show the Berth Compose version information", {
    usage: "[OPTIONS]",
    args: none,
    flags: [
      textFlag("format", "Format the output. Values: [pretty | json]. (Default: pretty)", { short: "f" }),
      switchFlag("short", "Shows only Compose's version number"),
    ],
    load: async () => (await lists()).version,
  }),
  row("volumes", "List volumes", {
    flags: [
      format("Format output using a custom template (table, json or a Go template)", "table"),
      switchFlag("quiet", "Only display volume names", { short: "q" }),
    ],
    load: async () => (await lists()).volumes,
  }),
  row("watch", "Watch build context for service and rebuild/refresh containers when files are updated", {
    flags: [
      switchFlag("no-up", "Do not build & start services before watching"),
      switchFlag("prune", "Prune dangling images on rebuild", on),
      switchFlag("quiet", "hide build output"),
    ],
    load: async () => (await import("./watch.ts")).watch,
  }),
  row("wait", "Block until containers of all (or specified) services stop.", {
    usage: "SERVICE [SERVICE...] [OPTIONS]",
    args: atLeast(1),
    flags: [switchFlag("down-project", "Drops project when the first container stops")],
    load: async () => (await lifecycle()).wait,
  }),
];

/** Every subcommand of `compose`, in the order of their names. */
export const subcommands: readonly Subcommand[] = [...ownRows, ...furtherRows].toSorted((a, b) =>
  a.name < b.name ? -1 : 1,
);

/** Families of subcommands whose names are several words. */
export const subcommandGroups: readonly Pick<Subcommand, "name" | "summary" | "hidden">[] = [
  { name: "alpha", summary: "Experimental commands", hidden: true },
  { name: "bridge", summary: "Convert compose files into another model" },
  { name: "bridge transformations", summary: "Manage transformation images" },
  { name: "schedule", summary: "Services that the engine starts by schedule" },
];

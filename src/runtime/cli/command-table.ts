import { BerthError } from "#base/errors.ts";
import { consoleSocketPath } from "./console-socket.ts";
import { deleteContainer, killContainer, markStarted, pauseContainer, startContainer } from "./container-commands.ts";
import type { RuntimeContext } from "./context.ts";
import { createContainer, readBundle, type CreateRequest } from "./create-container.ts";
import { features } from "./documents.ts";
import { intervalOf, watchContainer } from "./events.ts";
import { execInContainer } from "./exec-in-container.ts";
import type { FlagTable, ParsedFlags } from "./flags.ts";
import { launchModeOf, stayWith } from "./foreground.ts";
import { launchError, planOfOutline } from "./launch-error.ts";
import { printJson, showList, showProcesses, showState, writeExample } from "./show.ts";
import { updateContainer, updateFlags } from "./update-container.ts";

export interface Call {
  readonly flags: ParsedFlags;
  readonly context: RuntimeContext;
}

export interface Command {
  readonly usage: string;
  readonly flags: FlagTable;
  /** Short name -> name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What the command does; resolves to the exit code. */
  readonly run: (call: Call) => Promise<number> | number;
  /** Exit code when it fails; 1 by default. */
  readonly failureCode?: number;
}

const createFlags = {
  bundle: "text",
  "console-socket": "text",
  "pid-file": "text",
  "pidfd-socket": "text",
  "no-pivot": "switch",
  "no-new-keyring": "switch",
  "preserve-fds": "text",
} as const;

const createUsage =
  "[--bundle DIR] [--console-socket PATH] [--pid-file FILE] [--preserve-fds N] [--no-pivot] [--no-new-keyring]";

/** Commands that act on one container and print nothing. */
const plain = (
  usage: string,
  act: (call: Call, id: string) => Promise<void> | void,
  flags: FlagTable = {},
  aliases: Readonly<Record<string, string>> = {},
): Command => ({
  usage,
  flags,
  aliases,
  run: async (call) => {
    await act(call, idOf(call.flags));
    return 0;
  },
});

/** runc's commands, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  create: { usage: `${createUsage} ID`, flags: createFlags, aliases: { b: "bundle" }, run: create },
  start: plain("ID", ({ context }, id) => startContainer(context, id)),
  run: {
    usage: `${createUsage} [--detach] [--keep] ID`,
    flags: { ...createFlags, detach: "switch", keep: "switch", "no-subreaper": "switch" },
    aliases: { b: "bundle", d: "detach" },
    run,
  },
  state: { usage: "ID", flags: {}, aliases: {}, run: ({ flags, context }) => showState(context, idOf(flags)) },
  kill: plain(
    "[--all] ID [SIGNAL]",
    ({ flags, context }, id) => killContainer(context, id, flags.rest[1] ?? "SIGTERM", flags.switch("all")),
    { all: "switch" },
    { a: "all" },
  ),
  delete: plain(
    "[--force] ID…",
    async ({ flags, context }) => {
      for (const id of flags.rest) await deleteContainer(context, id, flags.switch("force"));
    },
    { force: "switch" },
    { f: "force" },
  ),
  exec: {
    usage:
      "[--process FILE | --tty --user UID[:GID] --additional-gids GID --cwd DIR --env K=V --cap CAP --no-new-privs --apparmor PROFILE --process-label LABEL] [--cgroup PATH] [--ignore-paused] [--detach] [--pid-file FILE] [--console-socket PATH] [--preserve-fds N] ID [COMMAND…]",
    flags: {
      process: "text",
      tty: "switch",
      user: "text",
      "additional-gids": "list",
      env: "list",
      cwd: "text",
      cap: "list",
      detach: "switch",
      "pid-file": "text",
      "console-socket": "text",
      "no-new-privs": "switch",
      "preserve-fds": "text",
      "ignore-paused": "switch",
      apparmor: "text",
      cgroup: "text",
      "process-label": "text",
    },
    aliases: { p: "process", t: "tty", u: "user", g: "additional-gids", e: "env", c: "cap", d: "detach" },
    run: exec,
    failureCode: 255,
  },
  list: {
    usage: "[--format table|json] [--quiet]",
    flags: { format: "text", quiet: "switch" },
    aliases: { f: "format", q: "quiet" },
    run: ({ flags, context }) =>
      showList(context, { format: flags.text("format") ?? "table", quiet: flags.switch("quiet") }),
  },
  ps: {
    usage: "[--format table|json] ID [PS OPTIONS]",
    flags: { format: "text" },
    aliases: { f: "format" },
    run: ({ flags, context }) =>
      showProcesses(context, idOf(flags), flags.text("format") ?? "table", flags.rest.slice(1)),
  },
  pause: plain("ID", ({ context }, id) => pauseContainer(context, id, true)),
  resume: plain("ID", ({ context }, id) => pauseContainer(context, id, false)),
  update: plain(
    "[--resources FILE | --memory BYTES --memory-swap BYTES --memory-reservation BYTES --cpu-period US --cpu-quota US --cpu-share N --cpuset-cpus LIST --cpuset-mems LIST --pids-limit N --blkio-weight N …] ID",
    ({ flags, context }, id) => updateContainer(context, id, flags),
    updateFlags,
    { r: "resources" },
  ),
  events: plain(
    "[--stats] [--interval DURATION] ID",
    ({ flags, context }, id) =>
      watchContainer(context, id, {
        once: flags.switch("stats"),
        intervalMs: intervalOf(flags.text("interval") ?? "5s"),
      }),
    { stats: "switch", interval: "text" },
  ),
  features: { usage: "", flags: {}, aliases: {}, run: ({ context }) => printJson(context, features) },
  spec: {
    usage: "[--bundle DIR] [--rootless]",
    flags: { bundle: "text", rootless: "switch" },
    aliases: { b: "bundle" },
    run: ({ flags, context }) =>
      writeExample(flags.text("bundle") ?? context.io.workingDirectory, flags.switch("rootless")),
  },
};

/** Commands of runc's that are refused, whatever their flags, and why. */
export const refusedCommands: Readonly<Record<string, string>> = {
  checkpoint: "berth-runtime does not use CRIU",
  restore: "berth-runtime does not use CRIU",
};

function idOf(flags: ParsedFlags): string {
  const [id] = flags.rest;
  if (id === undefined || id === "") throw new BerthError("invalid-parameter", "container id cannot be empty");
  return id;
}

function createRequest({ flags, context }: Call, mode: CreateRequest["mode"]): CreateRequest {
  if (flags.text("pidfd-socket") !== undefined)
    throw new BerthError("not-implemented", "--pidfd-socket is not supported");
  return {
    id: idOf(flags),
    bundle: bundleOf({ flags, context }),
    mode,
    consoleSocket: consoleSocketPath(flags.text("console-socket")),
    pidFile: flags.text("pid-file"),
    preserveFds: flags.count("preserve-fds", 0),
    noPivot: flags.switch("no-pivot"),
    newKeyring: !flags.switch("no-new-keyring"),
  };
}

function bundleOf({ flags, context }: Call): string {
  const { workingDirectory } = context.io;
  const bundle = flags.text("bundle") ?? workingDirectory;
  return bundle.startsWith("/") ? bundle : `${workingDirectory}/${bundle}`;
}

async function create(call: Call): Promise<number> {
  await createContainer(call.context, createRequest(call, "handover"));
  return 0;
}

async function run(call: Call): Promise<number> {
  const { flags, context } = call;
  const detach = flags.switch("detach");
  const terminal = readBundle(bundleOf(call)).spec.process?.terminal === true;
  const mode = launchModeOf({ detach, terminal, consoleSocket: flags.text("console-socket") });
  const { container, process } = await createContainer(context, createRequest(call, mode));
  const start = async (): Promise<void> => {
    try {
      await process.go();
    } catch (error) {
      const { outline } = container;
      throw launchError(error, planOfOutline(outline), outline.argv0, "berth-runtime run failed");
    }
    await markStarted(context, container);
  };
  try {
    if (!detach) return await stayWith(context, process, mode === "supervised", start);
    await start();
    return 0;
  } catch (error) {
    await deleteContainer(context, container.id, true);
    throw error;
  } finally {
    if (!detach && !flags.switch("keep")) await deleteContainer(context, container.id, true);
  }
}

function exec({ flags, context }: Call): Promise<number> {
  return execInContainer(context, {
    id: idOf(flags),
    processFile: flags.text("process"),
    args: flags.rest.slice(1),
    env: flags.list("env"),
    cwd: flags.text("cwd"),
    user: flags.text("user"),
    additionalGids: flags.list("additional-gids"),
    capabilities: flags.list("cap"),
    terminal: flags.switch("tty"),
    noNewPrivileges: flags.switch("no-new-privs"),
    apparmor: flags.text("apparmor"),
    processLabel: flags.text("process-label"),
    cgroup: flags.text("cgroup"),
    ignorePaused: flags.switch("ignore-paused"),
    detach: flags.switch("detach"),
    pidFile: flags.text("pid-file"),
    consoleSocket: consoleSocketPath(flags.text("console-socket")),
    preserveFds: flags.count("preserve-fds", 0),
  });
}

import { BerthError, messageOf } from "#base/errors.ts";
import { exists, withFd, writeFileAtomic } from "#host/files.ts";
import { O_APPEND, O_CREAT, O_WRONLY } from "#host/linux.ts";
import { runCommand } from "#host/process.ts";
import { open, writeAll } from "#host/syscalls.ts";
import { OCI_RUNTIME_VERSION } from "#spec/oci/runtime.ts";
import {
  deleteContainer,
  killContainer,
  markStarted,
  pauseContainer,
  startContainer,
  updateContainer,
} from "./container-commands.ts";
import { ContainerStore, ociState, statusOf } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { createContainer, type CreateRequest } from "./create-container.ts";
import { exampleSpec, features } from "./documents.ts";
import { execInContainer } from "./exec-in-container.ts";
import { parseFlags, type ParsedFlags } from "./flags.ts";

export interface RuntimeIo {
  readonly workingDirectory: string;
  out(text: string): void;
  err(text: string): void;
}

export interface RuntimeDeps {
  readonly io: RuntimeIo;
  readonly version: string;
  /** What needs the kernel is opened when a command does: `features` and `--version` work anywhere. */
  readonly open: () => Pick<RuntimeContext, "cgroups" | "facts" | "filters" | "launcher">;
}

const defaultRoot = "/run/berth-runtime";

const globalFlags = {
  root: "text",
  log: "text",
  "log-format": "text",
  debug: "switch",
  "systemd-cgroup": "switch",
  rootless: "text",
  version: "switch",
  help: "switch",
} as const;

interface Call {
  readonly flags: ParsedFlags;
  readonly context: RuntimeContext;
}

type Command = (call: Call) => Promise<number> | number;

/**
 * The command line that container managers call an OCI runtime by: runc's. Resolves to the exit code. Failures go to
 * stderr and, with --log, to that file in the format of --log-format.
 */
export async function runOciCommand(argv: readonly string[], deps: RuntimeDeps): Promise<number> {
  const { io } = deps;
  let log: ((level: string, text: string) => void) | undefined;
  let failureCode = 1;
  try {
    const flags = parseFlags(argv, globalFlags, { v: "version", h: "help" });
    log = logger(flags);
    const [name, ...args] = flags.rest;
    if (flags.switch("version")) {
      io.out(`berth-runtime version ${deps.version}\nspec: ${OCI_RUNTIME_VERSION}\n`);
      return 0;
    }
    if (name === undefined || flags.switch("help")) {
      io.out(help);
      return 0;
    }
    if (flags.switch("systemd-cgroup")) throw notYet("--systemd-cgroup");
    if (name === "exec") failureCode = 255;
    return await runCommandNamed(name, args, flags.text("root") ?? defaultRoot, deps, log);
  } catch (error) {
    log?.("error", messageOf(error));
    io.err(`${messageOf(error)}\n`);
    return failureCode;
  }
}

function logger(flags: ParsedFlags): (level: string, text: string) => void {
  const file = flags.text("log");
  const json = flags.text("log-format") === "json";
  return (level, msg) => {
    if (file === undefined) return;
    const time = new Date().toISOString();
    const line = json
      ? JSON.stringify({ level, msg, time })
      : `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(msg)}`;
    withFd(open(file, O_WRONLY | O_CREAT | O_APPEND, 0o644), (fd) =>
      writeAll(fd, new TextEncoder().encode(`${line}\n`)),
    );
  };
}

const notYet = (what: string): BerthError => new BerthError("not-implemented", `${what} is not supported yet`);

const createFlags = {
  bundle: "text",
  "console-socket": "text",
  "pid-file": "text",
  "no-pivot": "switch",
  "no-new-keyring": "switch",
  "preserve-fds": "text",
  detach: "switch",
  keep: "switch",
  "no-subreaper": "switch",
} as const;

/** name -> its flags, short names, and what it does. */
const commands: Readonly<
  Record<
    string,
    readonly [flags: Parameters<typeof parseFlags>[1], aliases: Readonly<Record<string, string>>, run: Command]
  >
> = {
  create: [createFlags, { b: "bundle" }, (call) => create(call)],
  start: [{}, {}, async ({ flags, context }) => (await startContainer(context, idOf(flags)), 0)],
  run: [createFlags, { b: "bundle", d: "detach" }, (call) => run(call)],
  state: [{}, {}, ({ flags, context }) => print(context, state(context, idOf(flags)))],
  kill: [
    { all: "switch" },
    { a: "all" },
    ({ flags, context }) => {
      killContainer(context, idOf(flags), flags.rest[1] ?? "SIGTERM", flags.switch("all"));
      return 0;
    },
  ],
  delete: [
    { force: "switch" },
    { f: "force" },
    async ({ flags, context }) => {
      for (const id of [idOf(flags), ...flags.rest.slice(1)]) await deleteContainer(context, id, flags.switch("force"));
      return 0;
    },
  ],
  exec: [
    {
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
    { p: "process", t: "tty", u: "user", g: "additional-gids", e: "env", c: "cap", d: "detach" },
    (call) => exec(call),
  ],
  list: [{ format: "text", quiet: "switch" }, { f: "format", q: "quiet" }, (call) => list(call)],
  ps: [{ format: "text" }, { f: "format" }, (call) => ps(call)],
  pause: [{}, {}, async ({ flags, context }) => (await pauseContainer(context, idOf(flags), true), 0)],
  resume: [{}, {}, async ({ flags, context }) => (await pauseContainer(context, idOf(flags), false), 0)],
  update: [
    { resources: "text" },
    { r: "resources" },
    ({ flags, context }) => {
      const file = flags.text("resources");
      if (file === undefined) throw notYet("update without --resources");
      updateContainer(context, idOf(flags), file);
      return 0;
    },
  ],
  features: [{}, {}, ({ context }) => print(context, features)],
  spec: [{ bundle: "text" }, { b: "bundle" }, (call) => writeSpec(call)],
};

const known = new Set(["checkpoint", "restore", "events", "init"]);

async function runCommandNamed(
  name: string,
  args: readonly string[],
  root: string,
  deps: RuntimeDeps,
  log: (level: string, text: string) => void,
): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    throw known.has(name) ? notYet(name) : new BerthError("invalid-parameter", `No help topic for '${name}'`);
  }
  const [table, aliases, work] = command;
  const flags = parseFlags(args, table, aliases);
  const needsKernel = name !== "features" && name !== "spec";
  const opened = needsKernel ? deps.open() : undefined;
  const absent = (): never => {
    throw new BerthError("internal", `${name} needs the kernel`);
  };
  const context: RuntimeContext = {
    store: new ContainerStore(root),
    get cgroups() {
      return opened?.cgroups ?? absent();
    },
    get facts() {
      return opened?.facts ?? absent();
    },
    get filters() {
      return opened?.filters ?? absent();
    },
    get launcher() {
      return opened?.launcher ?? absent();
    },
    workingDirectory: deps.io.workingDirectory,
    print: (text) => deps.io.out(text),
    warn: (text) => log("warning", text),
  };
  return work({ flags, context });
}

function idOf(flags: ParsedFlags): string {
  const [id] = flags.rest;
  if (id === undefined || id === "") throw new BerthError("invalid-parameter", "container id cannot be empty");
  return id;
}

function print(context: RuntimeContext, value: unknown): number {
  context.print(`${JSON.stringify(value, null, 2)}\n`);
  return 0;
}

function state(context: RuntimeContext, id: string): object {
  const container = context.store.load(id);
  const paused = statusOf(container) === "running" && context.cgroups.open(container.cgroupPath).isFrozen();
  return { ...ociState(container), ...(paused ? { status: "paused" } : {}), created: container.created };
}

function createRequest({ flags, context }: Call, mode: CreateRequest["mode"]): CreateRequest {
  const bundle = flags.text("bundle") ?? context.workingDirectory;
  const preserve = Number(flags.text("preserve-fds") ?? "0");
  if (!Number.isInteger(preserve) || preserve < 0)
    throw new BerthError("invalid-parameter", "--preserve-fds must be a number");
  return {
    id: idOf(flags),
    bundle: bundle.startsWith("/") ? bundle : `${context.workingDirectory}/${bundle}`,
    mode,
    consoleSocket: flags.text("console-socket"),
    pidFile: flags.text("pid-file"),
    preserveFds: preserve,
    noPivot: flags.switch("no-pivot"),
  };
}

async function create(call: Call): Promise<number> {
  await createContainer(call.context, createRequest(call, "handover"));
  return 0;
}

async function run(call: Call): Promise<number> {
  const { flags, context } = call;
  const detach = flags.switch("detach");
  const { container, process } = await createContainer(context, createRequest(call, detach ? "handover" : "inherit"));
  try {
    await process.go();
    await markStarted(context, container);
  } catch (error) {
    await deleteContainer(context, container.id, true);
    throw error;
  }
  if (detach) return 0;
  const { exitCode } = await process.exited();
  process.detach();
  if (!flags.switch("keep")) await deleteContainer(context, container.id, true);
  return exitCode;
}

async function exec({ flags, context }: Call): Promise<number> {
  for (const name of ["apparmor", "cgroup", "process-label"])
    if (flags.text(name) !== undefined) throw notYet(`exec --${name}`);
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
    detach: flags.switch("detach"),
    pidFile: flags.text("pid-file"),
    consoleSocket: flags.text("console-socket"),
    preserveFds: Number(flags.text("preserve-fds") ?? "0"),
  });
}

function list({ flags, context }: Call): number {
  const rows = context.store.ids().map((id) => {
    const container = context.store.load(id);
    return { ...ociState(container), created: container.created, owner: "root" };
  });
  if (flags.switch("quiet")) context.print(rows.map(({ id }) => `${id}\n`).join(""));
  else if (flags.text("format") === "json") context.print(`${JSON.stringify(rows)}\n`);
  else {
    const table = [
      ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"],
      ...rows.map((row) => [row.id, String(row.pid ?? 0), row.status, row.bundle, row.created, row.owner]),
    ];
    const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)) + 3);
    context.print(
      table
        .map(
          (row) =>
            `${row
              .map((cell, column) => cell.padEnd(widths[column] ?? 0))
              .join("")
              .trimEnd()}\n`,
        )
        .join(""),
    );
  }
  return 0;
}

async function ps({ flags, context }: Call): Promise<number> {
  const container = context.store.load(idOf(flags));
  const pids = context.cgroups.open(container.cgroupPath).pids();
  if (flags.text("format") === "json") return print(context, pids);
  const options = flags.rest.slice(1);
  const run = await runCommand({
    file: "ps",
    args: options.length === 0 ? ["-ef"] : options,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeoutMs: 30_000,
  });
  const [head = "", ...lines] = new TextDecoder().decode(run.stdout).trimEnd().split("\n");
  const column = head.trim().split(/\s+/u).indexOf("PID");
  if (column < 0) throw new BerthError("invalid-parameter", "couldn't find PID field in ps output");
  const own = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/u)[column])));
  context.print(`${[head, ...own].join("\n")}\n`);
  return 0;
}

function writeSpec({ flags, context }: Call): number {
  const folder = flags.text("bundle") ?? context.workingDirectory;
  const path = `${folder}/config.json`;
  if (exists(path)) throw new BerthError("already-exists", "File config.json exists. Remove it first");
  writeFileAtomic(path, `${JSON.stringify(exampleSpec, null, 2)}\n`, { mode: 0o666 & ~0o022, durable: false });
  return 0;
}

const help = `berth-runtime: an OCI runtime

Usage: berth-runtime [--root DIR] [--log FILE] [--log-format text|json] COMMAND

Commands:
  create   [--bundle DIR] [--console-socket PATH] [--pid-file FILE] [--preserve-fds N] [--no-pivot] ID
  start    ID
  run      [create's flags] [--detach] [--keep] ID
  state    ID
  kill     [--all] ID [SIGNAL]
  delete   [--force] ID…
  exec     [--process FILE | --tty --user UID[:GID] --cwd DIR --env K=V --cap CAP] [--detach] ID [COMMAND…]
  ps       [--format table|json] ID [PS OPTIONS]
  list     [--format table|json] [--quiet]
  pause    ID
  resume   ID
  update   --resources FILE ID
  features
  spec     [--bundle DIR]
`;

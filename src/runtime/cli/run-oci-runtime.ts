import { BerthError, messageOf } from "#base/errors.ts";
import { withFd } from "#host/files/files.ts";
import { O_APPEND, O_CREAT, O_WRONLY } from "#host/kernel/linux.ts";
import { open, writeAll } from "#host/kernel/syscalls.ts";
import { OCI_RUNTIME_VERSION } from "#spec/oci/runtime.ts";
import { commands, refusedCommands } from "./command-table.ts";
import { ContainerStore } from "./container-store.ts";
import type { RuntimeContext, RuntimeIo } from "./context.ts";
import { parseFlags, type ParsedFlags } from "./flags.ts";

export interface RuntimeDeps {
  readonly io: RuntimeIo;
  readonly version: string;
  /** What needs the kernel is opened when a command does: `features` and `--version` work anywhere. */
  readonly open: () => Pick<RuntimeContext, "cgroups" | "facts" | "filters" | "launcher">;
}

const defaultRoot = "/run/berth-runtime";

/** docker-compat: `criu` and `rootless` are taken and not used, as callers that know runc give them. */
const globalFlags = {
  root: "text",
  log: "text",
  "log-format": "text",
  debug: "switch",
  "systemd-cgroup": "switch",
  rootless: "text",
  criu: "text",
  version: "switch",
  help: "switch",
} as const;

type WriteLog = (level: "debug" | "warning" | "error", text: string) => void;

/**
 * The command line that container managers call an OCI runtime by: runc's. Resolves to the exit code. Failures go to
 * stderr and, with --log, to that file in the format of --log-format.
 */
export async function runOciCommand(argv: readonly string[], deps: RuntimeDeps): Promise<number> {
  const { io } = deps;
  let log: WriteLog | undefined;
  let failureCode = 1;
  try {
    const flags = parseFlags(argv, globalFlags, { v: "version", h: "help" });
    log = logger(flags);
    const [name, ...args] = flags.rest;
    if (flags.switch("version")) {
      io.out(`berth-runtime version ${deps.version}\nspec: ${OCI_RUNTIME_VERSION}\n`);
      return 0;
    }
    if (name === undefined || name === "help" || flags.switch("help")) {
      io.out(help());
      return 0;
    }
    if (flags.switch("systemd-cgroup"))
      throw new BerthError("not-implemented", "--systemd-cgroup is not supported: use the cgroupfs driver");
    failureCode = commands[name]?.failureCode ?? 1;
    log("debug", `berth-runtime ${deps.version} ${name} ${args.join(" ")}`);
    return await runCommandNamed(name, args, flags.text("root") ?? defaultRoot, deps, log);
  } catch (error) {
    log?.("error", messageOf(error));
    io.err(`${messageOf(error)}\n`);
    return failureCode;
  }
}

function logger(flags: ParsedFlags): WriteLog {
  const file = flags.text("log");
  const json = flags.text("log-format") === "json";
  const debug = flags.switch("debug");
  return (level, msg) => {
    if (file === undefined || file === "" || (level === "debug" && !debug)) return;
    const time = new Date().toISOString();
    const line = json
      ? JSON.stringify({ level, msg, time })
      : `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(msg)}`;
    withFd(open(file, O_WRONLY | O_CREAT | O_APPEND, 0o644), (fd) =>
      writeAll(fd, new TextEncoder().encode(`${line}\n`)),
    );
  };
}

async function runCommandNamed(
  name: string,
  args: readonly string[],
  root: string,
  deps: RuntimeDeps,
  log: WriteLog,
): Promise<number> {
  const refusal = Object.hasOwn(refusedCommands, name) ? refusedCommands[name] : undefined;
  if (refusal !== undefined) throw new BerthError("not-implemented", `${name} is not supported: ${refusal}`);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new BerthError("invalid-parameter", `No help topic for '${name}'`);
  if (args[0] === "--help" || args[0] === "-h") {
    deps.io.out(`Usage: berth-runtime ${name} ${command.usage}\n`);
    return 0;
  }
  const flags = parseFlags(args, command.flags, command.aliases);
  let opened: ReturnType<RuntimeDeps["open"]> | undefined;
  const kernel = (): ReturnType<RuntimeDeps["open"]> => (opened ??= deps.open());
  const context: RuntimeContext = {
    store: new ContainerStore(root),
    get cgroups() {
      return kernel().cgroups;
    },
    get facts() {
      return kernel().facts;
    },
    get filters() {
      return kernel().filters;
    },
    get launcher() {
      return kernel().launcher;
    },
    io: deps.io,
    warn: (text) => log("warning", text),
  };
  return command.run({ flags, context });
}

function help(): string {
  const lines = Object.entries(commands).map(([name, { usage }]) => `  ${name.padEnd(9)} ${usage}`.trimEnd());
  return `berth-runtime: an OCI runtime

Usage: berth-runtime [--root DIR] [--log FILE] [--log-format text|json] [--debug] COMMAND

Commands:
${lines.join("\n")}
`;
}

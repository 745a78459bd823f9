import { processError } from "#runtime/process-error.ts";
import { OverlayReader } from "#runtime/user/overlay-reader.ts";
import type { RootMount } from "#snapshot/types.ts";
import { APPLETS, TOOLS, TOOLS_BUSYBOX, withApplets } from "#spec/berth/debug-tools.ts";
import type { FailedPlace, FileTree, ShellRequest } from "../../solver/types.ts";
import type { CommandSeats } from "./command-seats.ts";
import { withCommand, type CommandDeps, type CommandRequest } from "./command-container.ts";

/** Of a vertex that no graph has. */
const TOOLS_TREE = -1;
const SHELLS = /\/(ba|da|k|z|a|)sh$/;
const USUAL_SHELL = "/bin/sh";

/** The root of a command that failed, with what it has written. */
export class CommandPlace implements FailedPlace {
  readonly #deps: CommandDeps;
  readonly #seats: CommandSeats;
  readonly #request: CommandRequest;
  readonly #root: RootMount;
  readonly #release: () => Promise<void>;

  constructor(
    deps: CommandDeps,
    seats: CommandSeats,
    place: { readonly request: CommandRequest; readonly root: RootMount; readonly release: () => Promise<void> },
  ) {
    this.#deps = deps;
    this.#seats = seats;
    this.#request = place.request;
    this.#root = place.root;
    this.#release = place.release;
  }

  async enter({ size, tools, signal, opened }: ShellRequest): Promise<void> {
    const shell = shellIn(this.#root, this.#request.operation.args);
    const request = {
      ...(shell === undefined ? withTools(this.#request, await tools()) : withArgs(this.#request, [shell])),
      signal,
      report: () => {},
    };
    const streams = { terminal: true, stdin: "once", ...(size === undefined ? {} : { consoleSize: size }) } as const;
    await withCommand(
      this.#deps,
      this.#seats,
      request,
      this.#root,
      streams,
      async ({ process, plan, kill, onStarted }) => {
        const stop = (): void => void kill().catch(() => undefined);
        signal.addEventListener("abort", stop, { once: true });
        try {
          const stream = await process.attach({ stdin: true, stdout: true, stderr: true });
          await process.go().catch((error: unknown) => {
            throw processError(error, plan, request.operation.args[0] ?? "");
          });
          await onStarted?.(process.pid);
          if (signal.aborted) stop();
          opened({ stream, resize: (rows, columns) => process.resize(rows, columns) });
          await process.exited();
        } finally {
          signal.removeEventListener("abort", stop);
          await kill().catch(() => undefined);
        }
      },
    );
  }

  release(): Promise<void> {
    return this.#release();
  }
}

/** The shell of the command itself, or the usual one; undefined where the root has neither. */
function shellIn(root: RootMount, [program = ""]: readonly string[]): string | undefined {
  const reader = new OverlayReader(root);
  const wanted = SHELLS.test(program) ? [program, USUAL_SHELL] : [USUAL_SHELL];
  return wanted.find((path) => reader.kind(path) === "file");
}

/** With a terminal's own variable, as in `exec --tty`. */
function withArgs(request: CommandRequest, args: readonly string[]): CommandRequest {
  const { operation } = request;
  const known = operation.env.some((entry) => entry.startsWith("TERM="));
  return {
    ...request,
    operation: { ...operation, args, env: known ? operation.env : [...operation.env, "TERM=xterm"] },
  };
}

function withTools(request: CommandRequest, tools: FileTree): CommandRequest {
  const { operation, tree } = withArgs(request, [TOOLS_BUSYBOX, "sh", "-c", withApplets("exec sh")]);
  return {
    ...request,
    operation: {
      ...operation,
      env: operation.env.map((entry) => (entry.startsWith("PATH=") ? `${entry}:${APPLETS}` : entry)),
      mounts: [
        ...operation.mounts,
        { type: "bind", target: TOOLS, from: TOOLS_TREE, source: "/", readOnly: true },
        { type: "tmpfs", target: APPLETS, sizeBytes: undefined },
      ],
    },
    tree: (id) => (id === TOOLS_TREE ? tools : tree(id)),
  };
}

import { isBerthError, messageOf } from "#base/errors.ts";
import { startServices } from "../apply/start-services.ts";
import { dependentsFirst, stopContainer } from "../apply/stop-containers.ts";
import { LogPrinter } from "../apply/log-printer.ts";
import type { ApplyContext } from "../apply/context.ts";
import { isUp, observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { Service } from "../load/project.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { timeoutFlag } from "./flag-readers.ts";

/** Exit code of a program ended by SIGINT. */
const interrupted = 130;

/** The number of a container without its project: `web-1`. */
export const shortName = ({ service, number, name }: ObservedContainer, project: string): string =>
  name.startsWith(`${project}-`) ? `${service}-${number}` : name;

/**
 * Start the services with their output before the person, until all have ended or the person interrupts: once to stop them in
 * order, twice to kill them. Resolves to the exit code.
 */
export async function watchUp(
  invocation: ComposeInvocation,
  context: ApplyContext,
  services: readonly Service[],
  named: readonly string[],
): Promise<number> {
  return new UpWatcher(invocation, context, services, named).run();
}

class UpWatcher {
  readonly #invocation: ComposeInvocation;
  readonly #context: ApplyContext;
  readonly #services: readonly Service[];
  readonly #printer: LogPrinter;
  readonly #attached: ReadonlySet<string>;
  readonly #outputs: Promise<void>[] = [];
  readonly #ends: Promise<void>[] = [];
  readonly #aborting: boolean;
  #exitCode: number | undefined;
  #stopping: Promise<void> | undefined;
  #interrupts = 0;

  constructor(
    invocation: ComposeInvocation,
    context: ApplyContext,
    services: readonly Service[],
    named: readonly string[],
  ) {
    const { flags, io, global } = invocation;
    this.#invocation = invocation;
    this.#context = context;
    this.#services = services;
    const colour = global.text("ansi") === "always" || (global.text("ansi") !== "never" && io.stdout.isTerminal());
    this.#printer = new LogPrinter(io, {
      prefix: !flags.on("no-log-prefix"),
      colour: colour && !flags.on("no-color") && !io.env["NO_COLOR"],
    });
    this.#attached = attachedServices(invocation, services, named);
    this.#aborting =
      flags.on("abort-on-container-exit") ||
      flags.on("abort-on-container-failure") ||
      flags.text("exit-code-from") !== "";
  }

  async run(): Promise<number> {
    const { io } = this.#invocation;
    const project = this.#context.project.name;
    const cancelled = new AbortController();
    const stopListening = [
      io.onSignal("SIGINT", () => this.#interrupt(cancelled)),
      io.onSignal("SIGTERM", () => this.#interrupt(cancelled)),
    ];
    const wanted = new Set(this.#services.map(({ name }) => name));
    const containers = (await observeContainers(this.#context.client, project)).filter(({ service }) =>
      wanted.has(service),
    );
    this.#printer.expect(containers.map((container) => shortName(container, project)));
    io.stdout.write(
      `Attaching to ${containers
        .filter(({ service }) => this.#attached.has(service))
        .map((container) => shortName(container, project))
        .join(", ")}\n`,
    );
    try {
      for (const container of containers.filter(isUp)) await this.#follow(container);
      await startServices(this.#context, this.#services, {
        beforeStart: (container) => this.#follow(container),
        signal: cancelled.signal,
      });
      await Promise.all(this.#ends);
    } catch (error) {
      if (this.#interrupts === 0) {
        await this.#stopAll();
        throw error;
      }
    } finally {
      for (const stop of stopListening) stop();
    }
    await this.#stopping;
    await Promise.all(this.#outputs);
    return this.#exitCode ?? (this.#interrupts > 0 ? interrupted : 0);
  }

  /** Attach to its output, and note its end. */
  async #follow(container: ObservedContainer): Promise<void> {
    const { client, project } = this.#context;
    const name = shortName(container, project.name);
    if (this.#attached.has(container.service)) {
      const { stream } = await client.containers.attach(container.id, { stream: true, stdout: true, stderr: true });
      const tty = project.services.get(container.service)?.tty ?? false;
      const sink = this.#printer.sink(name, tty);
      this.#outputs.push(
        (async () => {
          for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) sink.push(chunk);
          sink.end();
          stream.close();
        })().catch((error: unknown) => this.#printer.say(name, messageOf(error))),
      );
    }
    const wait = await client.containers.wait(container.id, "next-exit");
    this.#ends.push(this.#ended(container, name, wait));
  }

  async #ended(
    container: ObservedContainer,
    name: string,
    wait: () => Promise<{ readonly StatusCode: number }>,
  ): Promise<void> {
    let code: number;
    for (;;) {
      try {
        code = (await wait()).StatusCode;
        const { State } = await this.#context.client.containers.inspect(container.id);
        if (!State.Restarting && !State.Running) break;
        wait = await this.#context.client.containers.wait(container.id, "next-exit");
      } catch (error) {
        if (isBerthError(error, "not-found")) return;
        throw error;
      }
    }
    this.#printer.say(name, `exited with code ${code}`);
    const { flags } = this.#invocation;
    const from = flags.text("exit-code-from");
    if (from === container.service) this.#exitCode = code;
    const failsOnly = flags.on("abort-on-container-failure") && !flags.on("abort-on-container-exit") && from === "";
    if (!this.#aborting || this.#stopping !== undefined || (failsOnly && code === 0)) return;
    if (from === "" && flags.on("abort-on-container-failure")) this.#exitCode = code;
    this.#invocation.io.stdout.write("Aborting on container exit...\n");
    await this.#stopAll();
  }

  #interrupt(cancelled: AbortController): void {
    this.#interrupts++;
    const { io } = this.#invocation;
    if (this.#interrupts === 1) {
      io.stdout.write("Gracefully Stopping... press Ctrl+C again to force\n");
      cancelled.abort();
      this.#stopAll().catch((error: unknown) => io.stderr.write(`${messageOf(error)}\n`));
      return;
    }
    void this.#killAll();
  }

  #stopAll(): Promise<void> {
    this.#stopping ??= this.#eachOwn((container) =>
      stopContainer(this.#context, container, timeoutFlag(this.#invocation)),
    );
    return this.#stopping;
  }

  #killAll(): Promise<void> {
    return this.#eachOwn(async (container) => {
      this.#context.progress.report(`Container ${container.name}`, "Killing");
      await this.#context.client.containers.kill(container.id, "SIGKILL").catch(() => undefined);
      this.#context.progress.report(`Container ${container.name}`, "Killed", "done");
    });
  }

  async #eachOwn(work: (container: ObservedContainer) => Promise<void>): Promise<void> {
    const own = new Set(this.#services.map(({ name }) => name));
    const containers = await observeContainers(this.#context.client, this.#context.project.name);
    await dependentsFirst(
      containers.filter((container) => own.has(container.service) && isUp(container)),
      work,
    );
  }
}

function attachedServices(
  { flags }: ComposeInvocation,
  services: readonly Service[],
  named: readonly string[],
): ReadonlySet<string> {
  const asked = flags.list("attach");
  const base =
    asked.length > 0
      ? asked
      : named.length > 0 && !flags.on("attach-dependencies")
        ? named
        : services.map(({ name }) => name);
  const excluded = new Set(flags.list("no-attach"));
  return new Set(
    base.filter((name) => !excluded.has(name) && services.find((service) => service.name === name)?.attach !== false),
  );
}

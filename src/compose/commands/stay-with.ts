import { isBerthError, messageOf } from "#base/errors.ts";
import { timestampParameter } from "#cli/format/timestamp.ts";
import { startServices } from "../apply/start-services.ts";
import { dependentsFirst, stopContainer } from "../apply/stop-containers.ts";
import { LogPrinter } from "../apply/log-printer.ts";
import { quietProgress } from "../apply/progress.ts";
import type { WatchRules } from "../watch/watch-rules.ts";
import type { ApplyContext } from "../apply/context.ts";
import { isUp, observeContainers, type ObservedContainer } from "../engine/observe.ts";
import type { Service } from "../load/project.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { timeoutFlag } from "./flag-readers.ts";
import { FollowedContainer } from "./followed-container.ts";
import { interrupted } from "./unless-interrupted.ts";
import { KeyMenu } from "./key-menu.ts";
import { wantsColour } from "./wants-colour.ts";
import { wantsMenu } from "./wants-menu.ts";
import { watchFiles, watchRules } from "./watch-files.ts";

/** The number of a container without its project: `web-1`. */
export const shortName = ({ service, number, name }: ObservedContainer, project: string): string =>
  name.startsWith(`${project}-`) ? `${service}-${number}` : name;

export interface StayOptions {
  /** Services that were named: their output is shown, their ends are waited for, and they are stopped. None: all. */
  readonly named: readonly string[];
  /** Changed files are acted on. */
  readonly rules: WatchRules | undefined;
}

/**
 * Start the services with their output before the person, until all have ended or the person interrupts: once to stop them in
 * order, twice to kill them. Once all have been started, a person at a terminal has a menu of keys. Resolves to the exit code.
 */
export async function stayWith(
  invocation: ComposeInvocation,
  context: ApplyContext,
  services: readonly Service[],
  options: StayOptions,
): Promise<number> {
  return new AttachedProject(invocation, context, services, options).run();
}

class AttachedProject {
  readonly #invocation: ComposeInvocation;
  readonly #context: ApplyContext;
  readonly #services: readonly Service[];
  readonly #printer: LogPrinter;
  readonly #attached: ReadonlySet<string>;
  /** The others are what these depend on, and go on by themselves. */
  readonly #wanted: ReadonlySet<string>;
  readonly #outputs: Promise<void>[] = [];
  readonly #ends: Promise<void>[] = [];
  readonly #followed = new Set<string>();
  readonly #aborting: boolean;
  #rules: WatchRules | undefined;
  readonly #menu: KeyMenu | undefined;
  readonly #detached = Promise.withResolvers<"detached">();
  /** Everything was killed: nothing is waited for any more. */
  readonly #forced = Promise.withResolvers<"forced">();
  readonly #cancelled = new AbortController();
  /** Ends the watching that goes on. */
  #watching: AbortController | undefined;
  #watched: Promise<void> = Promise.resolve();
  /** Containers are being replaced or restarted: their end is not the end. */
  #changing: Promise<void> = Promise.resolve();
  #exitCode: number | undefined;
  #stopping: Promise<void> | undefined;
  #interrupts = 0;

  constructor(
    invocation: ComposeInvocation,
    context: ApplyContext,
    services: readonly Service[],
    { named, rules }: StayOptions,
  ) {
    const { flags, io } = invocation;
    this.#invocation = invocation;
    this.#context = context;
    this.#services = services;
    this.#rules = rules;
    const coloured = wantsColour(invocation);
    this.#menu = wantsMenu(invocation) ? this.#keyMenu(coloured) : undefined;
    this.#printer = new LogPrinter(io, {
      prefix: !flags.on("no-log-prefix"),
      colour: coloured,
      beforeLine: () => {
        context.progress.giveWay();
        this.#menu?.giveWay();
      },
      ...(flags.on("timestamps") ? { time: () => new Date(io.now()).toISOString() } : {}),
    });
    this.#attached = attachedServices(invocation, services, named);
    this.#wanted = new Set(named.length > 0 ? named : services.map(({ name }) => name));
    this.#aborting =
      flags.on("abort-on-container-exit") ||
      flags.on("abort-on-container-failure") ||
      flags.text("exit-code-from") !== "";
  }

  async run(): Promise<number> {
    const { io } = this.#invocation;
    const project = this.#context.project.name;
    const stopListening = [
      io.onSignal("SIGINT", () => this.#interrupt()),
      io.onSignal("SIGTERM", () => this.#interrupt()),
    ];
    // Nobody waits for what the engine starts at some other time.
    const wanted = new Set(
      this.#services.filter((service) => service["x-schedule"] === undefined).map(({ name }) => name),
    );
    const containers = (await observeContainers(this.#context.client, project)).filter(({ service }) =>
      wanted.has(service),
    );
    this.#printer.expect(containers.map((container) => shortName(container, project)));
    this.#context.progress.close();
    io.stdout.write(
      `Attaching to ${containers
        .filter(({ service }) => this.#attached.has(service))
        .map((container) => shortName(container, project))
        .join(", ")}\n`,
    );
    try {
      for (const container of containers.filter(isUp)) await this.#follow(container);
      // Their lines tell that they have started; a block of progress would be drawn over them.
      const starting = startServices({ ...this.#context, progress: quietProgress }, this.#services, {
        beforeStart: (container) => this.#follow(container),
        output: (name) => this.#printer.sink(name, false),
        signal: this.#cancelled.signal,
      });
      if ((await Promise.race([starting, this.#forced.promise])) === "forced") return interrupted;
      if (this.#stopping === undefined) {
        if (this.#rules !== undefined) this.#beginWatching(this.#rules);
        this.#menu?.open();
      } else await this.#stopStarted();
      if ((await Promise.race([this.#allEnded(), this.#detached.promise])) === "detached") return 0;
      this.#cancelled.abort();
      await this.#watched;
    } catch (error) {
      await this.#stopStarted();
      if (this.#interrupts === 0) throw error;
    } finally {
      for (const stop of stopListening) stop();
      this.#menu?.close();
    }
    await this.#stopping;
    await Promise.all(this.#outputs);
    return this.#exitCode ?? (this.#interrupts > 0 ? interrupted : 0);
  }

  /** Containers that replace others are waited for too. */
  async #allEnded(): Promise<"ended"> {
    for (let known = 0; known < this.#ends.length;) {
      known = this.#ends.length;
      await Promise.all(this.#ends);
    }
    return "ended";
  }

  #keyMenu(colour: boolean): KeyMenu {
    const watches = this.#services.some(({ develop }) => (develop?.watch ?? []).length > 0);
    const watch = {
      key: "w",
      text: () => (this.#watching === undefined ? "Enable Watch" : "Disable Watch"),
      press: () => this.#toggleWatching(),
    };
    const detach = { key: "d", text: () => "Detach", press: () => this.#detached.resolve("detached") };
    return new KeyMenu(this.#invocation.io, { colour, entries: [...(watches ? [watch] : []), detach] });
  }

  #toggleWatching(): void {
    if (this.#watching === undefined) {
      this.#rules ??= watchRules(this.#invocation, this.#services);
      this.#beginWatching(this.#rules);
    } else {
      this.#watching.abort();
      this.#watching = undefined;
      this.#printer.tell("Watch disabled");
    }
  }

  #beginWatching(rules: WatchRules): void {
    const end = new AbortController();
    this.#watching = end;
    // Two that watch at once would act twice: the one before has to be over.
    const before = this.#watched;
    const signal = AbortSignal.any([this.#cancelled.signal, end.signal]);
    this.#watched = before
      .then(() => this.#watch(rules, signal))
      .catch((error: unknown) => {
        this.#printer.tell(messageOf(error));
        if (this.#watching === end) this.#watching = undefined;
      });
  }

  async #watch(rules: WatchRules, signal: AbortSignal): Promise<void> {
    await watchFiles(this.#invocation, this.#context, rules, {
      say: (sentence) => this.#printer.tell(sentence),
      replacing: (work) => {
        const under = this.#menu === undefined ? work() : this.#menu.aside(work);
        this.#changing = under.catch(() => undefined);
        return under;
      },
      started: async (services) => {
        const containers = await observeContainers(this.#context.client, this.#context.project.name);
        for (const container of containers.filter(({ service }) => services.includes(service)))
          if (!this.#followed.has(container.id) && isUp(container)) await this.#follow(container, "from its start");
      },
      signal,
    });
  }

  /** Attach to its output, and note its end, where somebody waits for it. */
  async #follow(container: ObservedContainer, from: "now" | "from its start" = "now"): Promise<void> {
    if (!this.#attached.has(container.service) && !this.#wanted.has(container.service)) return;
    const { client, project } = this.#context;
    const name = shortName(container, project.name);
    this.#followed.add(container.id);
    if (this.#attached.has(container.service)) {
      if (from === "now") {
        const { stream } = await client.containers.attach(container.id, { stream: true, stdout: true, stderr: true });
        this.#print(container, chunksOf(stream));
      } else await this.#printLog(container);
    }
    const wait = await client.containers.wait(container.id, "next-exit");
    const end = this.#ended(container, name, wait);
    if (this.#wanted.has(container.service)) this.#ends.push(end);
    else end.catch(() => undefined);
  }

  async #ended(container: ObservedContainer, name: string, wait: () => Promise<unknown>): Promise<void> {
    const { containers } = this.#context.client;
    let code: number;
    let later: FollowedContainer | undefined;
    let printed: Promise<unknown> = Promise.resolve();
    try {
      for (;;) {
        await wait();
        await this.#changing;
        const { State } = await containers.inspect(container.id);
        code = State.ExitCode;
        if (!State.Running) break;
        if (this.#attached.has(container.service)) {
          later ??= this.#laterRuns(container, State.Restarting ? State.FinishedAt : State.StartedAt);
          const more = this.#told(name, later.follow());
          if (this.#wanted.has(container.service)) this.#outputs.push(more);
          printed = Promise.all([printed, more]);
        }
        wait = await containers.wait(container.id, "not-running");
      }
    } catch (error) {
      if (isBerthError(error, "not-found")) return;
      throw error;
    }
    await printed;
    const { flags, io } = this.#invocation;
    const from = flags.text("exit-code-from");
    if (from === container.service) this.#exitCode = code;
    // What is being stopped is told of by its progress.
    if (this.#stopping !== undefined) return;
    this.#printer.say(name, `exited with code ${code}`);
    const failsOnly = flags.on("abort-on-container-failure") && !flags.on("abort-on-container-exit") && from === "";
    if (!this.#aborting || (failsOnly && code === 0)) return;
    if (from === "") this.#exitCode = code;
    this.#menu?.close();
    io.stderr.write("Aborting on container exit...\n");
    await this.#stopAll();
  }

  /** What it writes after its first run, to which somebody was attached. */
  #laterRuns(container: ObservedContainer, since: string): FollowedContainer {
    const { client, project } = this.#context;
    const printer = { sink: this.#printer.sink.bind(this.#printer), say: () => undefined };
    return new FollowedContainer({
      containers: client.containers,
      printer,
      sleep: (ms) => this.#context.sleep(ms),
      id: container.id,
      name: shortName(container, project.name),
      timestamps: false,
      since: timestampParameter(since, this.#invocation.io.now(), "since"),
      until: "",
      tail: "all",
    });
  }

  /** All of its output: nobody was attached when it began. */
  async #printLog(container: ObservedContainer): Promise<void> {
    const asked = { stdout: true, stderr: true, follow: true };
    this.#print(container, await this.#context.client.containers.logs(container.id, asked));
  }

  #print(container: ObservedContainer, chunks: AsyncIterable<Uint8Array>): void {
    const name = shortName(container, this.#context.project.name);
    const tty = this.#context.project.services.get(container.service)?.tty ?? false;
    const sink = this.#printer.sink(name, tty);
    const printing = async (): Promise<void> => {
      for await (const chunk of chunks) sink.push(chunk);
      sink.end();
    };
    const printed = this.#told(name, printing());
    if (this.#wanted.has(container.service)) this.#outputs.push(printed);
  }

  /** What went wrong with a container's output is a line of it. */
  #told(name: string, printing: Promise<void>): Promise<void> {
    return printing.catch((error: unknown) => this.#printer.say(name, messageOf(error)));
  }

  #interrupt(): void {
    this.#interrupts++;
    const { io } = this.#invocation;
    if (this.#interrupts === 1) {
      this.#menu?.close();
      this.#context.progress.close();
      io.stderr.write("Gracefully Stopping... press Ctrl+C again to force\n");
      this.#cancelled.abort();
      this.#stopAll().catch((error: unknown) => io.stderr.write(`${messageOf(error)}\n`));
      return;
    }
    void this.#killAll().finally(() => this.#forced.resolve("forced"));
  }

  #stopAll(): Promise<void> {
    this.#stopping ??= this.#eachOwn((container) =>
      stopContainer(this.#context, container, timeoutFlag(this.#invocation)),
    );
    return this.#stopping;
  }

  /** All is stopped, also what was about to start when the rest was stopped, and runs by now. */
  async #stopStarted(): Promise<void> {
    await this.#stopping;
    this.#stopping = undefined;
    await this.#stopAll();
  }

  #killAll(): Promise<void> {
    return this.#eachOwn(async (container) => {
      if (!isUp(container)) return;
      this.#context.progress.report(`Container ${container.name}`, "Killing");
      await this.#context.client.containers.kill(container.id, "SIGKILL").catch(() => undefined);
      this.#context.progress.report(`Container ${container.name}`, "Killed", "done");
    });
  }

  async #eachOwn(work: (container: ObservedContainer) => Promise<void>): Promise<void> {
    const containers = await observeContainers(this.#context.client, this.#context.project.name);
    await dependentsFirst(
      containers.filter((container) => this.#wanted.has(container.service)),
      work,
    );
  }
}

async function* chunksOf(stream: {
  read(): Promise<Uint8Array | undefined>;
  close(): void;
}): AsyncGenerator<Uint8Array> {
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) yield chunk;
  stream.close();
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

import type { EngineClient } from "#client/engine-client.ts";
import type { CliIo, SignalName } from "../cli-io.ts";
import { shownMessage } from "../errors.ts";
import { whyText } from "../container/why-text.ts";
import { SharedInput } from "../streams/shared-input.ts";
import { act, ACT_WORDS, inspect } from "./acts.ts";
import { changedList, loadList } from "./feed/lists.ts";
import { followLog } from "./feed/log.ts";
import { Subscriptions, type Subscription } from "./feed/subscriptions.ts";
import { followUsage } from "./feed/usage.ts";
import { FullScreen } from "./full-screen.ts";
import { KeyDecoder } from "./keys.ts";
import { harmless } from "./letters.ts";
import { firstModel, type Effect, type Lists, type Message, type Model, type Tab, type Target } from "./model.ts";
import { visibleRows } from "./rows.ts";
import { openShell } from "./shell.ts";
import { update } from "./update.ts";
import { view } from "./view/view.ts";

/** What comes from the engine is drawn together, what the person does at once. */
const FRAME_MS = 50;
const RETRY_MS = 1000;
const PROCESSES_MS = 2000;
/** Ages in the lists go on. */
const AGES_MS = 5000;
const ENDING_SIGNALS: Readonly<Partial<Record<SignalName, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/**
 * A person in front of the screen: keys, signals and what the engine tells become messages for `update`; what it wants
 * done is done here; the newest model is drawn. It ends by a key, a signal or the terminal's end, and leaves the terminal
 * as it was.
 */
export class Session {
  readonly #io: CliIo;
  readonly #api: EngineClient;
  readonly #screen: FullScreen;
  readonly #input: SharedInput;
  readonly #subscriptions = new Subscriptions();
  readonly #loading = new Map<Tab, "once" | "again">();
  readonly #ended = Promise.withResolvers<number>();
  #model: Model;
  #shell: Promise<void> | undefined;
  #ignoreStop: () => void = () => undefined;
  #isDrawDue = false;
  #isOver = false;

  constructor(deps: { readonly io: CliIo; readonly api: EngineClient; readonly engine: string }) {
    this.#io = deps.io;
    this.#api = deps.api;
    this.#input = new SharedInput(deps.io.stdin);
    this.#screen = new FullScreen(deps.io, { colour: !deps.io.env["NO_COLOR"] });
    this.#model = firstModel(deps.engine, this.#screen.size, deps.io.now());
  }

  /** Resolves to the exit code. */
  async run(lists: Partial<Lists>): Promise<number> {
    const stops = this.#listenToSignals();
    try {
      this.#screen.enter();
      this.#tell({ type: "listed", lists });
      void this.#guard(this.#readKeys());
      return await this.#ended.promise;
    } finally {
      this.#isOver = true;
      this.#subscriptions.want(new Map());
      for (const stop of stops) stop();
      this.#screen.leave();
    }
  }

  #listenToSignals(): readonly (() => void)[] {
    const ending = Object.entries(ENDING_SIGNALS).map(([signal, code]) =>
      this.#io.onSignal(signal as SignalName, () => this.#ended.resolve(code)),
    );
    const resized = (): void => {
      this.#screen.forget();
      this.#tell({ type: "resized", size: this.#screen.size });
    };
    const continued = (): void => {
      if (!this.#screen.isEntered) return;
      // Whoever had the terminal meanwhile may have left it in another mode.
      this.#screen.leave();
      this.#screen.enter();
      resized();
    };
    this.#listenToStop();
    return [
      ...ending,
      this.#io.onSignal("SIGWINCH", resized),
      this.#io.onSignal("SIGCONT", continued),
      () => this.#ignoreStop(),
    ];
  }

  /** A fault of ours ends the session and is thrown by `run`, when the terminal is as it was. */
  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#ended.reject(error);
    }
  }

  async #readKeys(): Promise<void> {
    const { input } = this.#input.lease();
    const decoder = new KeyDecoder();
    while (!this.#isOver) {
      const bytes = await input.read();
      if (bytes === undefined) return this.#ended.resolve(0);
      for (const key of decoder.push(bytes)) this.#tell({ type: "key", key });
      await this.#shell;
    }
  }

  #tell(message: Message): void {
    if (this.#isOver) return;
    const { model, effects } = update(this.#model, message, this.#io.now());
    this.#model = model;
    for (const effect of effects) this.#do(effect);
    this.#subscriptions.want(this.#wanted());
    if (message.type === "key" || message.type === "resized" || message.type === "listed") this.#draw();
    else void this.#drawSoon();
  }

  #draw(): void {
    this.#screen.show(view(this.#model));
  }

  async #drawSoon(): Promise<void> {
    if (this.#isDrawDue) return;
    this.#isDrawDue = true;
    await this.#io.sleep(FRAME_MS);
    this.#isDrawDue = false;
    if (!this.#isOver) await this.#guard(Promise.resolve().then(() => this.#draw()));
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case "quit":
        return this.#ended.resolve(0);
      case "suspend":
        return this.#suspend();
      case "load":
        void this.#load(effect.tab);
        return;
      case "act":
        void this.#act(effect.act, effect.target);
        return;
      case "shell":
        this.#shell = this.#guard(this.#openShell(effect.target));
        return;
      case "inspect":
        void this.#text(effect.target.name, async () =>
          JSON.stringify(await inspect(this.#api, effect.target), undefined, 2),
        );
        return;
      case "why": {
        const { id, name } = effect.target;
        void this.#text(`why ${name}`, async () =>
          whyText(await this.#api.containers.why(id), BigInt(this.#io.now()) * 1_000_000n),
        );
      }
    }
  }

  #listenToStop(): void {
    this.#ignoreStop = this.#io.onSignal("SIGTSTP", () => {
      this.#suspend();
      this.#tell({ type: "resized", size: this.#screen.size });
    });
  }

  /** A stop that is listened to stops nothing. */
  #suspend(): void {
    const wasEntered = this.#screen.isEntered;
    this.#screen.leave();
    this.#ignoreStop();
    this.#io.suspend();
    this.#listenToStop();
    if (wasEntered) this.#screen.enter();
  }

  async #openShell(target: Target): Promise<void> {
    const { input, release } = this.#input.lease();
    this.#screen.leave();
    this.#io.stdout.write(`A shell in ${harmless(target.name)}; its end leads back.\n`);
    try {
      const { stdout, stderr } = this.#io;
      const onSignal: CliIo["onSignal"] = (signal, handler) => this.#io.onSignal(signal, handler);
      const sleep: CliIo["sleep"] = (ms) => this.#io.sleep(ms);
      await openShell(this.#api, { stdin: input, stdout, stderr, onSignal, sleep }, target);
    } catch (error) {
      this.#tell({ type: "noticed", notice: { text: shownMessage(error), isError: true } });
    } finally {
      release();
      this.#shell = undefined;
      if (!this.#isOver) this.#screen.enter();
    }
    this.#tell({ type: "resized", size: this.#screen.size });
  }

  async #act(what: Parameters<typeof act>[1], target: Target): Promise<void> {
    const [doing, done] = ACT_WORDS[what];
    this.#tell({ type: "noticed", notice: { text: `${doing} ${target.name} …`, isError: false } });
    try {
      await act(this.#api, what, target);
      this.#tell({ type: "noticed", notice: { text: `${done} ${target.name}`, isError: false } });
      await this.#load(target.tab);
    } catch (error) {
      this.#tell({ type: "noticed", notice: { text: shownMessage(error), isError: true } });
    }
  }

  async #text(title: string, text: () => Promise<string>): Promise<void> {
    try {
      this.#tell({ type: "text", title, lines: (await text()).trimEnd().split("\n").map(harmless) });
    } catch (error) {
      this.#tell({ type: "noticed", notice: { text: shownMessage(error), isError: true } });
    }
  }

  /** Asked for meanwhile it is loaded once more, not as often as it was asked for. */
  async #load(tab: Tab): Promise<void> {
    if (this.#loading.has(tab)) {
      this.#loading.set(tab, "again");
      return;
    }
    do {
      this.#loading.set(tab, "once");
      try {
        this.#tell({ type: "listed", lists: await loadList(this.#api, tab) });
      } catch (error) {
        this.#tell({ type: "connection", lost: shownMessage(error) });
      }
    } while (this.#loading.get(tab) === "again" && !this.#isOver);
    this.#loading.delete(tab);
  }

  /** What the screen is about. */
  #wanted(): ReadonlyMap<string, Subscription> {
    const { page, tab } = this.#model;
    const wanted = new Map<string, Subscription>([["events", (signal) => this.#followEvents(signal)]]);
    const usage = (id: string): void => void wanted.set(`usage ${id}`, (signal) => this.#followUsage(id, signal));
    if (page.kind === "list") {
      wanted.set(`ages ${tab}`, (signal) => this.#every(AGES_MS, signal, () => this.#load(tab)));
      for (const { container } of visibleRows(this.#model).rows)
        if (container?.State === "running") usage(container.Id);
    }
    if (page.kind === "stats") {
      usage(page.id);
      wanted.set(`processes ${page.id}`, (signal) => this.#followProcesses(page.id, signal));
    }
    if (page.kind === "logs")
      wanted.set(`log ${page.id} ${page.since}`, (signal) => this.#followLog(page.id, page.since, signal));
    return wanted;
  }

  async #followEvents(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const events = await this.#api.system.events({ signal });
        this.#tell({ type: "connection", lost: undefined });
        // What happened before they were listened to.
        void this.#load(this.#model.tab);
        for await (const { Type, Action, Actor, timeNano } of events) {
          const tab = changedList({ Type, Action });
          if (tab !== undefined) void this.#load(tab);
          if (Type === "container" && Action === "die")
            this.#tell({ type: "died", id: Actor.ID, at: (Number(timeNano) / 1e9).toFixed(6) });
          if (Type === "container" && Action === "start") this.#tell({ type: "started", id: Actor.ID });
        }
        if (!signal.aborted) this.#tell({ type: "connection", lost: "the engine ended the connection" });
      } catch (error) {
        if (!signal.aborted) this.#tell({ type: "connection", lost: shownMessage(error) });
      }
      if (!signal.aborted) await this.#io.sleep(RETRY_MS);
    }
  }

  /** A stream that ends is opened again: the container may run again. */
  async #followUsage(id: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await followUsage(this.#api, id, signal, (usage) => this.#tell({ type: "used", id, usage }));
      } catch {
        // Of a container that is gone, or of an engine that is: the lists tell.
      }
      if (!signal.aborted) await this.#io.sleep(RETRY_MS);
    }
  }

  async #followLog(id: string, since: string, signal: AbortSignal): Promise<void> {
    try {
      await followLog(this.#api, id, since, signal, (lines) => this.#tell({ type: "logged", id, lines }));
    } catch (error) {
      if (!signal.aborted) this.#tell({ type: "noticed", notice: { text: shownMessage(error), isError: true } });
    }
    if (!signal.aborted) this.#tell({ type: "log-ended", id });
  }

  #followProcesses(id: string, signal: AbortSignal): Promise<void> {
    return this.#every(PROCESSES_MS, signal, async () => {
      try {
        const { Titles, Processes } = await this.#api.containers.top(id);
        this.#tell({ type: "processes", id, processes: { titles: Titles, rows: Processes ?? [] } });
      } catch {
        this.#tell({ type: "processes", id, processes: { titles: [], rows: [] } });
      }
    });
  }

  async #every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await work();
      await this.#io.sleep(ms);
    }
  }
}

import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

/** Stands between a client and an engine, and holds requests: the client waits for their answers until they are let go. */
export class HoldingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #released = Promise.withResolvers<void>();
  readonly host: string;
  #passing: number;
  #held = false;

  /** `reaches`: the engine has carried out what is held, and only the answer does not come. */
  constructor(deps: {
    readonly dir: string;
    readonly engineSocket: string;
    readonly holds: RegExp;
    readonly reaches: boolean;
    /** How many such requests pass before; default: none. */
    readonly passing?: number;
  }) {
    const socket = join(deps.dir, `holding-${crypto.randomUUID().slice(0, 8)}.sock`);
    this.host = `unix://${socket}`;
    this.#passing = deps.passing ?? 0;
    this.#server = createServer((client) => {
      const engine = connect(deps.engineSocket);
      const meant = (bytes: Buffer): boolean => this.#isMeant(bytes, deps.holds);
      // What follows on the connection waits behind what is held.
      let held: Promise<void> | undefined;
      this.#relay(client, engine, async (bytes) => {
        if (meant(bytes)) held = this.#released.promise;
        if (held === undefined || deps.reaches) return;
        this.#held = true;
        await held;
      });
      this.#relay(engine, client, async () => {
        if (held === undefined) return;
        this.#held = true;
        await held;
      });
    }).listen(socket);
  }

  /** A request is held. */
  get isHolding(): boolean {
    return this.#held;
  }

  /** Let go what is held, and hold nothing more. */
  release(): void {
    this.#released.resolve();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Requests begin with what is written at once. */
  #isMeant(bytes: Buffer, holds: RegExp): boolean {
    const [, method, path] =
      /^([A-Z]+) (?:\/v[\d.]+)?(\/[^ ?]*)\S* HTTP\/1\.1\r\n/u.exec(bytes.toString("latin1")) ?? [];
    return holds.test(`${method} ${path}`) && this.#passing-- <= 0;
  }

  #relay(from: Socket, to: Socket, before: (bytes: Buffer) => Promise<void>): void {
    this.#sockets.add(from);
    let last = Promise.resolve();
    const next = (work: () => Promise<unknown> | void): void => void (last = last.then(work).then(() => undefined));
    from.on("data", (bytes: Buffer) => next(() => before(bytes).then(() => to.write(bytes))));
    from.on("end", () => next(() => void to.end()));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      if (!from.readableEnded) to.destroy();
    });
  }
}

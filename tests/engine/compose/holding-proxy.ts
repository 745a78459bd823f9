import { join } from "node:path";

/** Stands between a client and an engine, and holds requests: the client waits for their answers for ever. */
export class HoldingProxy {
  readonly #server: Bun.Server<undefined>;
  readonly host: string;
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
    let passing = deps.passing ?? 0;
    this.#server = Bun.serve({
      unix: socket,
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const held = deps.holds.test(`${request.method} ${pathname.replace(/^\/v\d+\.\d+/u, "")}`);
        const forwarded = async (): Promise<Response> =>
          fetch(`http://engine${pathname}${search}`, {
            unix: deps.engineSocket,
            method: request.method,
            headers: request.headers,
            ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
          });
        if (!held || passing-- > 0) return forwarded();
        if (deps.reaches) await (await forwarded()).arrayBuffer();
        this.#held = true;
        return new Promise<never>(() => undefined);
      },
    });
  }

  /** A request is held. */
  get isHolding(): boolean {
    return this.#held;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }
}

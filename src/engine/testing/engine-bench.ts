import { nextTurn } from "#base/async.ts";
import type { BerthError } from "#base/errors.ts";
import { decodeCreateRequest } from "#spec/docker/container.ts";
import { createEngine, type Engine } from "../engine.ts";
import type { ContainerRow } from "../ports.ts";
import { FakeWorld } from "./fake-world.ts";

/** An engine over an in-memory world, and what tests do with it all the time. */
export class EngineBench {
  readonly world = new FakeWorld();
  engine: Engine = createEngine(this.world.deps());

  static async open(): Promise<EngineBench> {
    const bench = new EngineBench();
    await bench.engine.reconcile();
    return bench;
  }

  /** The engine is gone, as if killed, and another one comes up over the same world. */
  async another(): Promise<Engine> {
    this.engine = createEngine(this.world.deps());
    await this.engine.reconcile();
    return this.engine;
  }

  /** A container that is to run `true` unless `body` says otherwise; its id. */
  async create(body: Readonly<Record<string, unknown>> = {}, name = ""): Promise<string> {
    const request = { ...decodeCreateRequest({ Image: "busybox", Cmd: ["true"], ...body }), name };
    return (await this.engine.containers.create(request)).Id;
  }

  async exitOf(id: string): Promise<number> {
    const { result } = this.engine.containers.wait(id, "not-running", new AbortController().signal);
    return (await result).StatusCode;
  }

  /** What ended containers leave is cleared once who waited for them has been told. */
  async cleared(): Promise<void> {
    while (this.world.leftovers.length > 0 || [...this.world.rows.values()].some(isRemoving)) await nextTurn();
  }

  inspect(id: string): ReturnType<Engine["containers"]["inspect"]> {
    return this.engine.containers.inspect(id, { size: false });
  }
}

const isRemoving = ({ status: { status } }: ContainerRow): boolean => status.state === "removing";

/** The error of what must be refused. */
export function refusal(work: Promise<unknown>): Promise<BerthError> {
  return work.then(
    () => {
      throw new Error("it was accepted");
    },
    (error: unknown) => error as BerthError,
  );
}

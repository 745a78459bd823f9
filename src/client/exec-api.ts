import type { ExecConfig, ExecInspect } from "#spec/docker/exec.ts";
import type { ApiTransport, HijackedStream } from "./api-transport.ts";
import { endedStream, type EndedStream } from "./ended-stream.ts";
import { segment } from "./containers-api.ts";
import { callToRun, type MadeAndRun } from "./made-and-run.ts";

export interface ExecStartOptions {
  readonly tty: boolean;
  /** Rows, columns. */
  readonly consoleSize?: readonly [number, number];
}

/** Commands in running containers. */
export class ExecApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  create(
    container: string,
    config: Partial<ExecConfig> & { readonly Detach?: boolean },
  ): Promise<{ readonly Id: string }> {
    return this.#transport.json("POST", `/containers/${segment(container)}/exec`, { json: config });
  }

  /** The same, and it is run by the same request where the engine is Berth. For one without input. */
  createAndRun(
    container: string,
    config: Partial<ExecConfig>,
  ): Promise<MadeAndRun<{ readonly Id: string }, Pick<ExecInspect, "ExitCode">>> {
    const path = `/containers/${segment(container)}/exec`;
    return callToRun(this.#transport, path, { json: config, asked: "1", terminal: config.Tty === true });
  }

  /** Runs it and hands over its streams. */
  attach(id: string, options: ExecStartOptions): Promise<HijackedStream> {
    return this.#transport.hijack("POST", `/exec/${segment(id)}/start`, { json: startBody(false, options) });
  }

  /** The same, and its exit code comes with it, where {@link runFeature} is one of the engine's. */
  async run(id: string, options: ExecStartOptions): Promise<EndedStream<Pick<ExecInspect, "ExitCode">>> {
    const path = `/berth/exec/${segment(id)}/run`;
    const { stream } = await this.#transport.hijack("POST", path, { json: startBody(false, options) });
    return endedStream(stream, options.tty);
  }

  /** Runs it in the background. */
  startDetached(id: string, options: ExecStartOptions): Promise<void> {
    return this.#transport.send("POST", `/exec/${segment(id)}/start`, { json: startBody(true, options) });
  }

  inspect(id: string): Promise<ExecInspect> {
    return this.#transport.json("GET", `/exec/${segment(id)}/json`);
  }

  resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> {
    return this.#transport.send("POST", `/exec/${segment(id)}/resize`, { query: { h: size.rows, w: size.columns } });
  }
}

function startBody(detach: boolean, { tty, consoleSize }: ExecStartOptions): unknown {
  return { Detach: detach, Tty: tty, ...(consoleSize === undefined ? {} : { ConsoleSize: consoleSize }) };
}

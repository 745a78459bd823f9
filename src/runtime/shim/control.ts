import { BerthError } from "#base/errors.ts";
import { connectShim, type ShimConnection } from "#host/shim/shim-socket.ts";
import { parseState, type ShimState } from "./state.ts";

/**
 * The conversation on `control.sock`. The shim sends frames {u32 type, u32 length, payload}: a state at once and at every
 * change, a frame without payload at every rotation of the log and whenever memory runs out, and one result (u32 errno)
 * an answered request. Requests are 16 bytes {u32 type, a, b, c}. After a successful attach the connection carries the
 * process's bytes and nothing else. From a successful hold on, no output is read or logged until the same connection
 * attaches or ends; its stream then begins with the lines that have not ended, for those are not in the log.
 */
export const controlName = "control.sock";

export const requestType = { go: 1, signal: 2, resize: 3, attach: 4, logTaken: 5, hold: 6 } as const;
export const attachFlag = { stdin: 1, stdout: 2, stderr: 4 } as const;

const frameState = 1;
const frameResult = 2;
const frameRotated = 3;
const frameOom = 4;
const headBytes = 8;
const maxPayloadBytes = 4096;

export interface ControlListener {
  onState(state: ShimState): void;
  onRotated?(): void;
  onOom?(): void;
  /** The shim is gone or closed the connection. */
  onEnd(): void;
}

/** One control connection. Requests are answered in order. */
export class Control {
  readonly #connection: ShimConnection;
  readonly #listener: ControlListener;
  #buffer: Uint8Array = new Uint8Array(0);
  readonly #answers: { resolve(errno: number): void; reject(error: Error): void }[] = [];
  #raw = false;

  private constructor(connection: ShimConnection, listener: ControlListener) {
    this.#connection = connection;
    this.#listener = listener;
  }

  /** undefined when no shim listens in `directory`. */
  static async connect(directory: string, listener: ControlListener): Promise<Control | undefined> {
    const connection = await connectShim(directory, controlName);
    if (connection === undefined) return undefined;
    const control = new Control(connection, listener);
    void control.#receive();
    return control;
  }

  /** The errno the shim answers, 0 for success. */
  request(type: number, a = 0, b = 0): Promise<number> {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, a, true);
    view.setUint32(8, b, true);
    const answer = new Promise<number>((resolve, reject) => this.#answers.push({ resolve, reject }));
    this.#connection.write(bytes).catch(() => this.#end());
    return answer;
  }

  /** Attach; afterwards this connection is the returned stream. `whileHeld`: see {@link SupervisedProcess.attach}. */
  async attach(
    flags: number,
    whileHeld?: () => void,
  ): Promise<{ readonly connection: ShimConnection; readonly first: Uint8Array }> {
    try {
      if (whileHeld !== undefined) {
        mustAttach(await this.request(requestType.hold));
        whileHeld();
      }
      this.#raw = true;
      mustAttach(await this.request(requestType.attach, flags));
    } catch (error) {
      this.close();
      throw error;
    }
    return { connection: this.#connection, first: this.#buffer };
  }

  close(): void {
    this.#connection.close();
  }

  async #receive(): Promise<void> {
    for (;;) {
      const bytes = await this.#connection.read();
      if (bytes === undefined) return this.#end();
      this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
      if (this.#taken() === "attached") return;
    }
  }

  /** Who does not keep to the conversation is as one that is gone: nobody may wait for the answers of such a one. */
  #taken(): "more" | "attached" {
    try {
      return this.#takeFrames();
    } catch {
      this.close();
      return "more";
    }
  }

  #takeFrames(): "more" | "attached" {
    while (this.#buffer.length >= headBytes) {
      const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
      const type = view.getUint32(0, true);
      const length = view.getUint32(4, true);
      if (length > maxPayloadBytes) {
        this.close();
        break;
      }
      if (this.#buffer.length < headBytes + length) break;
      const payload = this.#buffer.subarray(headBytes, headBytes + length);
      this.#buffer = this.#buffer.subarray(headBytes + length);
      if (type === frameState) this.#listener.onState(parseState(payload));
      if (type === frameRotated) this.#listener.onRotated?.();
      if (type === frameOom) this.#listener.onOom?.();
      if (type !== frameResult) continue;
      const errno = new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(0, true);
      this.#answers.shift()?.resolve(errno);
      if (this.#raw && errno === 0) return "attached";
    }
    return "more";
  }

  #end(): void {
    this.#connection.close();
    for (const answer of this.#answers.splice(0))
      answer.reject(new BerthError("unavailable", "the process's monitor is gone"));
    this.#listener.onEnd();
  }
}

function mustAttach(errno: number): void {
  if (errno !== 0) throw new BerthError("not-implemented", `the process's streams cannot be attached (errno ${errno})`);
}

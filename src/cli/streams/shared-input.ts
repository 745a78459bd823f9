import type { CliInput } from "../cli-io.ts";

export interface InputLease {
  /** Reads end when it is given back; what is typed then is for who reads next. */
  readonly input: CliInput;
  readonly release: () => void;
}

/** Standard input for several readers, one after the other: a read that one of them left behind takes nothing away. */
export class SharedInput {
  readonly #source: CliInput;
  #pending: Promise<Uint8Array | undefined> | undefined;

  constructor(source: CliInput) {
    this.#source = source;
  }

  lease(): InputLease {
    const source = this.#source;
    const { promise: gone, resolve: leave } = Promise.withResolvers<undefined>();
    let released = false;
    const read = async (): Promise<Uint8Array | undefined> => {
      if (released) return undefined;
      this.#pending ??= source.read();
      const chunk = await Promise.race([this.#pending, gone]);
      if (released) return undefined;
      this.#pending = undefined;
      return chunk;
    };
    return {
      input: {
        read,
        isTerminal: () => source.isTerminal(),
        makeRaw: () => source.makeRaw(),
        takeKeys: () => source.takeKeys(),
        hideEcho: () => source.hideEcho(),
      },
      release: () => {
        released = true;
        leave(undefined);
      },
    };
  }
}

import type { CliIo } from "../cli-io.ts";
import { checkOutput } from "../output-file.ts";
import type { Output, OutputPlace } from "./output-options.ts";

/** Takes an output's bytes to where a person wants them. */
export interface OutputReceiver {
  write(chunk: Uint8Array): Promise<void>;
  /** There are no more bytes. */
  end(): Promise<void>;
  /** Call in every case. */
  close(): Promise<void>;
}

/**
 * Receivers by the outputs' places in the request; places that cannot be written are refused before anything is asked of
 * the engine. A file appears under its name when it is whole. A folder gets its files one by one, all of them inside it and
 * the person's own, whatever their names and owners were.
 */
export async function openReceivers(
  outputs: readonly Output[],
  io: CliIo,
): Promise<ReadonlyMap<number, OutputReceiver>> {
  const receivers = new Map<number, OutputReceiver>();
  for (const [index, { place, option }] of outputs.entries()) {
    if (place === undefined) continue;
    if (place.kind === "stdout" && io.stdout.isTerminal())
      throw new Error(`dest file is required for ${option.type} output. refusing to write to console`);
    if (place.kind === "file") await checkOutput(io, place.path, "failed to build");
    receivers.set(index, await receiver(place, io));
  }
  return receivers;
}

async function receiver(place: OutputPlace, io: CliIo): Promise<OutputReceiver> {
  switch (place.kind) {
    case "stdout":
      return { write: async (chunk) => io.stdout.write(chunk), end: async () => {}, close: async () => {} };
    case "file": {
      let file: Awaited<ReturnType<CliIo["createFile"]>> | undefined;
      const opened = async (): ReturnType<CliIo["createFile"]> => (file ??= await io.createFile(place.path));
      return {
        write: async (chunk) => (await opened()).write(chunk),
        end: async () => (await opened()).commit(),
        close: async () => file?.close(),
      };
    }
    case "folder": {
      const trees = await io.trees();
      const kind = trees.kind(place.path, true);
      if (kind !== undefined && kind !== "directory") throw new Error(`destination ${place.path} is not a directory`);
      let extraction: ReturnType<typeof trees.layOut> | undefined;
      const opened = (): ReturnType<typeof trees.layOut> => (extraction ??= trees.layOut(place.path));
      return {
        write: async (chunk) => opened().push(chunk),
        end: async () => opened().end(),
        close: async () => extraction?.close(),
      };
    }
  }
}

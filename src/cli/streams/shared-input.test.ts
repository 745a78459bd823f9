import { expect, test } from "bun:test";
import type { CliInput } from "../cli-io.ts";
import { SharedInput } from "./shared-input.ts";

test("a reader that left takes nothing from the next one", async () => {
  const typed: ((chunk: Uint8Array | undefined) => void)[] = [];
  const read = (): Promise<Uint8Array | undefined> => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    typed.push(resolve);
    return promise;
  };
  const source: CliInput = {
    read,
    isTerminal: () => true,
    makeRaw: () => () => undefined,
    takeKeys: () => () => undefined,
    hideEcho: () => () => undefined,
  };
  const shared = new SharedInput(source);
  const first = shared.lease();
  const left = first.input.read();
  first.release();
  expect(await left).toBeUndefined();
  const second = shared.lease();
  const wanted = second.input.read();
  expect(typed.length).toBe(1);
  typed[0]?.(Uint8Array.from([7]));
  expect(await wanted).toEqual(Uint8Array.from([7]));
  expect(await first.input.read()).toBeUndefined();
  const end = second.input.read();
  typed[1]?.(undefined);
  expect(await end).toBeUndefined();
});

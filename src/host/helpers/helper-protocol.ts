import { BerthError, type ErrorKind, messageOf } from "#base/errors.ts";

/**
 * What an engine and its helper processes say to each other: one JSON value a line, over the helper's stdin and stdout.
 *
 *   engine ─▶ helper   {start: task, input}   {message}*   (closing stdin ends the helper)
 *   helper ─▶ engine   {message}*             {result} | {error}      then it is ready for the next task
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type ToHelper = { readonly start: string; readonly input: Json } | { readonly message: Json };

export type FromHelper =
  | { readonly message: Json }
  | { readonly result: Json }
  | { readonly error: { readonly kind: ErrorKind; readonly message: string; readonly details: Json } };

export function encodeLine(value: ToHelper | FromHelper): string {
  return `${JSON.stringify(value)}\n`;
}

export function encodeError(error: unknown): FromHelper {
  if (!(error instanceof BerthError)) return { error: { kind: "internal", message: messageOf(error), details: {} } };
  const details = JSON.parse(JSON.stringify(error.details)) as Json;
  return { error: { kind: error.kind, message: error.message, details } };
}

/** Splits a byte stream into lines. */
export async function* lines(stream: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

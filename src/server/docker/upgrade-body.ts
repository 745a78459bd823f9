import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { BerthError } from "#base/errors.ts";
import { MessageReader } from "#host/http/body-reader.ts";
import { bodyFraming } from "#host/http/message.ts";

/** Far above the body of any request that upgrades. */
const maxBytes = 1 << 20;

/**
 * The body of a request to upgrade, from a connection that was handed over right behind the request's head, and what
 * comes after it. `invalid-parameter` when it is malformed or too large, `cancelled` when the client leaves in it.
 */
export async function splitUpgradeBody(
  request: IncomingMessage,
  readable: AsyncIterable<Uint8Array>,
): Promise<{ readonly body: IncomingMessage; readonly rest: AsyncIterable<Uint8Array> }> {
  const incoming = readable[Symbol.asyncIterator]();
  const reader = new MessageReader({
    async read() {
      const next = await incoming.next();
      return next.done === true ? undefined : next.value;
    },
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of bodyOf(request, reader)) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new BerthError("invalid-parameter", `request body is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (!(cause instanceof BerthError) || cause.kind === "invalid-parameter") throw cause;
    const kind = cause.kind === "unavailable" ? "cancelled" : "invalid-parameter";
    throw new BerthError(kind, "the client left before the end of its request", { cause });
  }
  const body = Object.assign(Readable.from(chunks), { headers: request.headers }) as unknown as IncomingMessage;
  return { body, rest: remaining(reader) };
}

async function* bodyOf(request: IncomingMessage, reader: MessageReader): AsyncGenerator<Uint8Array> {
  const headers = new Map(
    Object.entries(request.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
  // Framed as an answer's body is, but for the one case that requests do not have.
  const head = { status: 200, reason: "", headers, keepAlive: true };
  if (bodyFraming("POST", head).kind !== "until-close") yield* reader.body("POST", head);
}

async function* remaining(reader: MessageReader): AsyncGenerator<Uint8Array> {
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) yield chunk;
}

import { BerthError } from "#base/errors.ts";
import type { Exchange } from "#host/http/exchange.ts";
import type { HijackReply, JsonReply, Reply, StreamReply, WebSocketReply } from "./reply.ts";
import { webSocketConnection } from "./websocket.ts";

/** Send what a handler answered, JSON as its text: see json-texts.ts. */
export async function print(exchange: Exchange, reply: Exclude<Reply, JsonReply>): Promise<void> {
  switch (reply.kind) {
    case "text":
      return exchange.send(reply.status, reply.headers, reply.text);
    case "empty":
      return exchange.send(reply.status, {});
    case "stream":
      return printStream(exchange, reply);
    case "hijack":
      return exchange.request.upgrades ? hijack(exchange, reply) : asBodies(exchange, reply);
    case "websocket":
      return converse(exchange, reply);
  }
}

async function printStream(exchange: Exchange, reply: StreamReply): Promise<void> {
  const open = (): void => exchange.open({ ...reply.headers, "Content-Type": reply.contentType });
  if (reply.eager) {
    open();
    await exchange.flush();
  }
  const iterator = reply.chunks[Symbol.asyncIterator]();
  try {
    for (let first = true; ; first = false) {
      const item = await iterator.next();
      if (first && !reply.eager) open();
      if (item.done === true) break;
      if (!(await exchange.write(item.value))) break;
    }
  } finally {
    await iterator.return?.();
  }
  await exchange.end();
}

/** The connection becomes the stream. */
async function hijack(exchange: Exchange, reply: HijackReply): Promise<void> {
  const headers = { "Content-Type": reply.contentType, Connection: "Upgrade", Upgrade: "tcp" };
  const client = await exchange.takeOver("101 UPGRADED", headers, true);
  await headPause(exchange.request.headers.get("user-agent"));
  await reply.run(client);
}

/** A client that did not ask to upgrade: its input is the request's body, its output the answer's. */
async function asBodies(exchange: Exchange, reply: HijackReply): Promise<void> {
  exchange.open({ "Content-Type": reply.contentType });
  await exchange.flush();
  const { signal: gone } = exchange;
  await reply.run({ readable: exchange.body(), write: (bytes) => exchange.write(bytes), gone });
  await exchange.end();
}

const HEAD_PAUSE_MS = 20;

/**
 * docker-compat: docker-py reads the head through a buffer that it drops together with whatever came right behind it. No
 * other engine is fast enough to meet that; it gets its first bytes a moment later.
 */
async function headPause(userAgent: string | undefined): Promise<void> {
  if (userAgent?.startsWith("docker-sdk-python") === true)
    await new Promise((resolve) => setTimeout(resolve, HEAD_PAUSE_MS));
}

async function converse(exchange: Exchange, reply: WebSocketReply): Promise<void> {
  if (!exchange.request.upgrades) throw new BerthError("invalid-parameter", "not websocket protocol");
  const headers = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": reply.accept };
  const client = webSocketConnection(
    await exchange.takeOver("101 Switching Protocols", headers, false),
    reply.messages,
  );
  await reply.run(client);
  await client.finish();
}

import { randomBytes } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { dial, type DialTarget, type DialedStream } from "#host/sockets/dial.ts";
import type { LogSubject } from "../attributes.ts";
import type { FluentdOptions } from "../options/fluentd-options.ts";
import { MsgpackWriter } from "./msgpack.ts";
import type { LogMessage, Receiver } from "./receiver.ts";

export interface FluentdIdentity {
  readonly tag: string;
  readonly subject: LogSubject;
  readonly attributes: ReadonlyMap<string, string>;
}

/** Fluentd waits so long itself before it takes a chunk for lost. */
const ackTimeoutMs = 60_000;

/** The forward protocol, version 1, in its forward mode: [tag, [[time, record] …], option]. */
export function fluentdChunk(
  messages: readonly LogMessage[],
  { tag, subject, attributes }: FluentdIdentity,
  options: { readonly subSecond: boolean; readonly chunk: string | undefined },
): Uint8Array {
  const writer = new MsgpackWriter();
  writer
    .array(options.chunk === undefined ? 2 : 3)
    .text(tag)
    .array(messages.length);
  for (const { stream, text, timeNs, part } of messages) {
    const seconds = Number(timeNs / 1_000_000_000n);
    writer.array(2);
    if (options.subSecond) writer.eventTime(seconds, Number(timeNs % 1_000_000_000n));
    else writer.uint32(seconds);
    writer.map(4 + attributes.size + (part === undefined ? 0 : 4));
    writer.text("container_id").text(subject.containerId).text("container_name").text(`/${subject.containerName}`);
    writer.text("source").text(stream).text("log").text(text);
    for (const [name, value] of attributes) writer.text(name).text(value);
    if (part === undefined) continue;
    writer.text("partial_message").text("true").text("partial_id").text(part.id);
    writer.text("partial_ordinal").text(String(part.ordinal)).text("partial_last").text(String(part.last));
  }
  if (options.chunk !== undefined) writer.map(1).text("chunk").text(options.chunk);
  return writer.take();
}

export async function openFluentd(options: FluentdOptions, identity: FluentdIdentity): Promise<Receiver> {
  const { address } = options;
  const connection = await dial(targetOf(address), options.writeTimeoutMs);
  const openedAt = Date.now();
  return {
    async send(messages) {
      if (options.reconnectIntervalMs > 0 && Date.now() - openedAt > options.reconnectIntervalMs) {
        throw new BerthError("unavailable", "the connection is made anew at intervals");
      }
      const chunk = options.requestAck ? randomBytes(16).toString("base64") : undefined;
      await connection.write(fluentdChunk(messages, identity, { subSecond: options.subSecond, chunk }));
      if (chunk !== undefined) await acknowledged(connection, chunk, options.readTimeoutMs || ackTimeoutMs);
    },
    close: () => connection.close(),
  };
}

function targetOf(address: FluentdOptions["address"]): DialTarget {
  if (address.kind === "unix") return address;
  const { kind, host, port } = address;
  return kind === "tcp" ? { kind, host, port } : { kind, host, port, tls: { skipVerify: false } };
}

/** Waits for the map {"ack": chunk}; a chunk's random id stands nowhere else. */
async function acknowledged(connection: DialedStream, chunk: string, timeoutMs: number): Promise<void> {
  let answer = Buffer.alloc(0);
  const timer = setTimeout(() => connection.close(), timeoutMs);
  try {
    while (!answer.includes(chunk)) {
      const more = await connection.read();
      if (more === undefined) throw new BerthError("unavailable", "fluentd did not acknowledge what was sent");
      answer = Buffer.concat([answer, more]).subarray(-4096);
    }
  } finally {
    clearTimeout(timer);
  }
}

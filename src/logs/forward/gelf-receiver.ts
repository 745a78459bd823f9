import { randomBytes } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import { formatTime } from "#base/time.ts";
import { udpSender } from "#host/sockets/datagrams.ts";
import { dial } from "#host/sockets/dial.ts";
import { goJson, type LogSubject } from "../attributes.ts";
import type { GelfOptions } from "../options/gelf-options.ts";
import type { LogMessage, Receiver } from "./receiver.ts";

/** GELF 1.1: a chunk is a magic number, an id of 8 bytes, its number and the number of all, then data. */
const datagramBytes = 1420;
const chunkHeadBytes = 12;
const mostChunks = 128;
/** syslog's severities. */
const level = { stdout: 6, stderr: 3 } as const;

/** What is the same in every message of a container, sorted. */
export function gelfFields(
  subject: LogSubject,
  tag: string,
  attributes: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const fields = new Map<string, string>([
    ["_container_id", subject.containerId],
    ["_container_name", subject.containerName],
    ["_image_id", subject.imageId],
    ["_image_name", subject.imageName],
    ["_command", subject.argv.join(" ")],
    ["_tag", tag],
    ["_created", formatTime(subject.createdNs)],
  ]);
  for (const [name, value] of attributes) fields.set(name.startsWith("_") ? name : `_${name}`, value);
  return Object.fromEntries([...fields].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function gelfMessage(message: LogMessage, host: string, fields: Readonly<Record<string, string>>): Buffer {
  const text = Buffer.from(message.text.buffer, message.text.byteOffset, message.text.byteLength).toString();
  return Buffer.from(
    goJson({
      version: "1.1",
      host,
      short_message: text,
      timestamp: Number(message.timeNs / 1_000_000n) / 1000,
      level: level[message.stream],
      ...fields,
    }),
  );
}

/** The datagrams of one message; none when it would need too many. */
export function gelfChunks(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.byteLength <= datagramBytes) return [bytes];
  const room = datagramBytes - chunkHeadBytes;
  const count = Math.ceil(bytes.byteLength / room);
  if (count > mostChunks) return [];
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, index) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f]),
      id,
      Buffer.from([index, count]),
      bytes.subarray(index * room, (index + 1) * room),
    ]),
  );
}

export async function openGelf(
  options: GelfOptions,
  host: string,
  fields: Readonly<Record<string, string>>,
): Promise<Receiver> {
  const encode = (message: LogMessage): Buffer => gelfMessage(message, host, fields);
  if (options.transport === "tcp") {
    const connection = await dial({ kind: "tcp", host: options.host, port: options.port });
    const end = Buffer.from([0]);
    return {
      async send(messages) {
        const parts = messages.filter(({ text }) => text.byteLength > 0).flatMap((message) => [encode(message), end]);
        if (parts.length > 0) await connection.write(Buffer.concat(parts));
      },
      close: () => connection.close(),
    };
  }
  const sender = await udpSender(options.host, options.port);
  return {
    async send(messages) {
      for (const message of messages) {
        if (message.text.byteLength === 0) continue;
        for (const chunk of gelfChunks(compressed(encode(message), options))) await sender.send(chunk);
      }
    },
    close: () => sender.close(),
  };
}

function compressed(bytes: Buffer, { compression, level: effort }: GelfOptions): Uint8Array {
  if (compression === "none") return bytes;
  return compression === "gzip" ? gzipSync(bytes, { level: effort }) : deflateSync(bytes, { level: effort });
}

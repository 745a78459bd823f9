import { BerthError } from "#base/errors.ts";
import { formatTime } from "#base/time.ts";
import { unixSender, type DatagramSender } from "#host/sockets/datagrams.ts";
import type { LogSubject } from "../attributes.ts";
import type { LogMessage, Receiver } from "./receiver.ts";

/** systemd.io/JOURNAL_NATIVE_PROTOCOL */
const journalSocket = "/run/systemd/journal/socket";

const priority = { stdout: "6", stderr: "3" } as const;
const newline = Buffer.from("\n");

/** What is the same in every entry of a container. */
export function journaldFields(
  subject: LogSubject,
  tag: string,
  attributes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const fields = new Map<string, string>([
    ["CONTAINER_ID", subject.containerId.slice(0, 12)],
    ["CONTAINER_ID_FULL", subject.containerId],
    ["CONTAINER_NAME", subject.containerName],
    ["CONTAINER_TAG", tag],
    ["IMAGE_NAME", subject.imageName],
    ["SYSLOG_IDENTIFIER", tag],
  ]);
  for (const [name, value] of attributes) {
    const key = journaldKey(name);
    if (key !== "") fields.set(key, value);
  }
  return fields;
}

/** A name as journald takes it: capitals, digits and `_`, which it must not begin with. */
export function journaldKey(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "_")
    .replace(/^_+/, "");
}

export function journaldEntry(message: LogMessage, fields: ReadonlyMap<string, string>): Buffer {
  const { part } = message;
  const own = new Map<string, string>([
    ["PRIORITY", priority[message.stream]],
    ["SYSLOG_TIMESTAMP", formatTime(message.timeNs)],
  ]);
  if (part !== undefined) {
    if (!part.last) own.set("CONTAINER_PARTIAL_MESSAGE", "true");
    own.set("CONTAINER_PARTIAL_ID", part.id);
    own.set("CONTAINER_PARTIAL_ORDINAL", String(part.ordinal));
    own.set("CONTAINER_PARTIAL_LAST", String(part.last));
  }
  const named = [...fields, ...own].map(([name, value]) => field(name, Buffer.from(value)));
  return Buffer.concat([field("MESSAGE", message.text), ...named]);
}

/** `KEY=value`, or, when the value has a newline, KEY, its length as u64 and the value. */
function field(name: string, value: Uint8Array): Buffer {
  if (!value.includes(0x0a)) return Buffer.concat([Buffer.from(`${name}=`), value, newline]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.byteLength));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, newline]);
}

export async function openJournald(fields: ReadonlyMap<string, string>, path = journalSocket): Promise<Receiver> {
  let sender: DatagramSender;
  try {
    sender = unixSender(path);
  } catch (cause) {
    throw new BerthError("unavailable", "journald is not enabled on this host", { cause });
  }
  return {
    async send(messages) {
      for (const message of messages) await sender.send(journaldEntry(message, fields));
    },
    close: () => sender.close(),
  };
}

import { viewOf } from "#base/data-view.ts";
import { attributeMap, readString } from "./attributes.ts";

/** Netlink messages (netlink(7)): struct nlmsghdr {u32 length, u16 type, u16 flags, u32 sequence, u32 port}, payload. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_MIN_TYPE = 0x10;
const NLM_F_REQUEST = 0x01;
export const NLM_F_ACK = 0x04;
export const NLM_F_DUMP_INTR = 0x10;
/** In NLMSG_ERROR: the request's payload was left out; extended attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLM_F_DUMP = 0x300;

const HEADER_SIZE = 16;
const NLMSGERR_ATTR_MSG = 1;

/** A message to send, as data: the socket adds sequence number, NLM_F_REQUEST and, where needed, NLM_F_ACK. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** For error messages: what was attempted, e.g. "add link berth0". */
  readonly what: string;
}

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Several messages in one datagram, each padded to 4 bytes. The n-th has sequence number `firstSequence + n`. */
export function encodeMessages(requests: readonly NetlinkRequest[], firstSequence: number): Uint8Array {
  let size = 0;
  for (const request of requests) size += align(HEADER_SIZE + request.payload.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  requests.forEach((request, index) => {
    const length = HEADER_SIZE + request.payload.length;
    view.setUint32(at, length, true);
    view.setUint16(at + 4, request.type, true);
    view.setUint16(at + 6, request.flags | NLM_F_REQUEST, true);
    view.setUint32(at + 8, firstSequence + index, true);
    bytes.set(request.payload, at + HEADER_SIZE);
    at += align(length);
  });
  return bytes;
}

/** The messages of one received datagram. Their payloads point into `bytes`. */
export function parseMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + HEADER_SIZE <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length < HEADER_SIZE || at + length > bytes.length) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: bytes.subarray(at + HEADER_SIZE, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** What an NLMSG_ERROR (or the status in an NLMSG_DONE) says; errno 0 is an acknowledgement. */
export function parseAcknowledgement(message: NetlinkMessage): { readonly errno: number; readonly text: string } {
  const { payload } = message;
  if (payload.length < 4) return { errno: 0, text: "" };
  const view = viewOf(payload);
  const errno = 0 - view.getInt32(0, true);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno, text: "" };
  return { errno, text: readString(attributeMap(payload, attributesStart(message, view)).get(NLMSGERR_ATTR_MSG)) };
}

function attributesStart(message: NetlinkMessage, view: DataView): number {
  if (message.type === NLMSG_DONE) return 4;
  const requestLength =
    (message.flags & NLM_F_CAPPED) !== 0 || view.byteLength < 8 ? HEADER_SIZE : view.getUint32(4, true);
  return 4 + align(requestLength);
}

function align(length: number): number {
  return (length + 3) & ~3;
}

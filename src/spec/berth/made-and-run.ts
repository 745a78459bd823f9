import { encodeFrame } from "../docker/stdcopy.ts";

/**
 * A request that makes a container or an exec (`POST /containers/create`, `POST /containers/{id}/exec`) asks by this header to
 * have it run as well, without input. Its value: the query of `POST /berth/containers/{id}/run`; of an exec, anything. A
 * refusal is an ordinary answer. Otherwise the answer's type is that of ended-output.ts, and its body frames as Docker's with
 * stream numbers of their own: {@link note} `made` with what is answered without the header, as JSON; then `running`, empty,
 * or `refused`, which is the last; behind `running` comes what `POST /berth/…/run` sends. Other engines pass over the header.
 */
export const runHeader = "Berth-Run";

/** Stream numbers; that of the end is 16. */
export const note = { made: 17, running: 18, refused: 19 } as const;
export type Note = keyof typeof note;

/** A refusal as an answer would have had it. */
export interface Refused {
  readonly status: number;
  readonly message: string;
}

/** `body` as JSON; nothing when undefined. */
export function encodeNote(kind: Note, body?: unknown): Uint8Array {
  const frame = encodeFrame("stdin", new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body)));
  frame[0] = note[kind];
  return frame;
}

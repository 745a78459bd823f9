/** One entry of a log on its way to a receiver. */
export interface LogMessage {
  readonly stream: "stdout" | "stderr";
  /** Without the newline. */
  readonly text: Uint8Array;
  readonly timeNs: bigint;
  /** Set for each piece of a line that came in several, and for the end of output that has no newline. */
  readonly part: MessagePart | undefined;
}

export interface MessagePart {
  /** The same for all pieces of a line. */
  readonly id: string;
  /** From 1. */
  readonly ordinal: number;
  readonly last: boolean;
}

/** Somebody who takes a container's lines. */
export interface Receiver {
  /** Resolves when the receiver has them as far as its protocol tells; `unavailable` when it has not. */
  send(messages: readonly LogMessage[]): Promise<void>;
  /** May be called twice. */
  close(): void;
}

/**
 * What a handler answers, as data; printing it is the server's business.
 */
export type Reply = JsonReply | TextReply | EmptyReply | StreamReply | HijackReply | WebSocketReply;

export interface JsonReply {
  readonly kind: "json";
  readonly status: number;
  readonly body: unknown;
  /** Which of the version table's shapes `body` is; undefined = the same in every version. */
  readonly shape?: ResponseShape;
  /** `body` is a list of objects that are the same ones as before while they tell the same: their texts may be kept. */
  readonly lasting?: boolean;
}

export type ResponseShape =
  | "image-inspect"
  | "image-list"
  | "container-inspect"
  | "container-list"
  | "stats"
  | "network-inspect"
  | "info"
  | "disk-usage";

export interface TextReply {
  readonly kind: "text";
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface EmptyReply {
  readonly kind: "empty";
  readonly status: number;
}

export interface StreamReply {
  readonly kind: "stream";
  readonly contentType: string;
  /** Send the head before there is a first chunk; otherwise a failure before it is an ordinary error answer. */
  readonly eager: boolean;
  readonly chunks: AsyncIterable<string | Uint8Array>;
  /** Beside the content type. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The connection becomes a raw stream in both directions (101 when the client asked to upgrade, else 200). */
export interface HijackReply {
  readonly kind: "hijack";
  readonly contentType: string;
  /** Ends when the exchange is over; the server closes the connection then. */
  readonly run: (client: RawConnection) => Promise<void>;
}

/** The connection becomes a WebSocket. */
export interface WebSocketReply {
  readonly kind: "websocket";
  /** Sec-WebSocket-Accept. */
  readonly accept: string;
  /** Kind of the messages that are sent. */
  readonly messages: "text" | "binary";
  /** As {@link HijackReply.run}; sees the bytes inside the frames. */
  readonly run: (client: RawConnection) => Promise<void>;
}

/** A hijacked connection, the client's side of it. */
export interface RawConnection {
  /** What the client sends, until it half-closes or leaves. */
  readonly readable: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes are on their way; false when the client has left. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Aborts when the connection is gone in both directions. */
  readonly gone: AbortSignal;
}

export const json = (body: unknown, shape?: ResponseShape, status = 200): JsonReply => ({
  kind: "json",
  status,
  body,
  ...(shape === undefined ? {} : { shape }),
});
export const empty = (status: number): EmptyReply => ({ kind: "empty", status });
export const stream = (
  contentType: string,
  eager: boolean,
  chunks: AsyncIterable<string | Uint8Array>,
): StreamReply => ({
  kind: "stream",
  contentType,
  eager,
  chunks,
});

export const rawStream = "application/vnd.docker.raw-stream";
export const multiplexedStream = "application/vnd.docker.multiplexed-stream";

/** One object of a progress stream (pull, push, load, build), one a line, ended by CR LF. */
export interface JsonMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  /** The bar as text, for clients older than API 1.48. */
  readonly progress?: string;
  readonly aux?: unknown;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly error?: string;
}

export const jsonMessageLine = (message: JsonMessage): string => `${JSON.stringify(message)}\r\n`;

/** A failure after the headers went out is told inside the stream, in both the old and the new form. */
export const jsonMessageError = (message: string): JsonMessage => ({ errorDetail: { message }, error: message });

import { STATUS_CODES } from "node:http";

/** `Not Found` for 404, RFC 9110 section 15; empty for a status that has none. */
export const reasonPhrase = (status: number): string => STATUS_CODES[status] ?? "";

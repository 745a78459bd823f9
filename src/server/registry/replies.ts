import type { WebReply } from "#host/web/web-server.ts";

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): WebReply {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: `${JSON.stringify(value)}\n` };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): WebReply {
  return { status, headers: status === 204 ? headers : { "Content-Length": "0", ...headers } };
}

/** `Link` to the next page (RFC 8288): the same address with other parameters. */
export function nextLink(path: string, parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { Link: `<${path}?${new URLSearchParams(parameters).toString()}>; rel="next"` };
}

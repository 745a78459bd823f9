import type { IncomingMessage } from "node:http";

/**
 * What is wrong with a request below the API's meaning, as the status line with which it is refused; undefined when it is
 * sound. docker-compat: Go's server refuses these before a handler sees them. Two hosts, or a body that two readers would
 * take for two different ones, are how requests are smuggled past a proxy (RFC 9112, sections 3.2 and 6.1).
 */
export function faultOfRequest(request: IncomingMessage): string | undefined {
  const { httpVersion, headers } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return "505 HTTP Version Not Supported: unsupported protocol version";
  }
  const hosts = request.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === "host").length;
  if (hosts === 0 && httpVersion === "1.1") return "400 Bad Request: missing required Host header";
  if (hosts > 1) return "400 Bad Request: too many Host headers";
  if (!/^[a-zA-Z0-9!$%&'()*+,\-.:;=[\]_~]*$/.test(headers.host ?? "")) return "400 Bad Request: malformed Host header";
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (coding.toLowerCase() !== "chunked") return "501 Not Implemented: unsupported transfer encoding";
  return httpVersion === "1.0" ? "400 Bad Request: transfer encoding in HTTP/1.0" : undefined;
}

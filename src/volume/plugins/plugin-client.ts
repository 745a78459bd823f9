import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { createHttpClient, type HttpClient } from "#host/http/http-client.ts";
import { dialSocket, type SocketAddress } from "#host/http/socket.ts";

const MEDIA_TYPE = "application/vnd.docker.plugins.v1.2+json";
const MAX_ANSWER_BYTES = 16 << 20;

/** Calls of one plugin: JSON posted to `/METHOD` (docs.docker.com/engine/extend/plugin_api, "API design"). */
export class PluginClient {
  readonly #http: HttpClient;

  constructor(address: SocketAddress) {
    const host = address.kind === "unix" ? "plugin" : `${address.host}:${address.port}`;
    this.#http = createHttpClient({ dial: dialSocket(address), host });
  }

  /**
   * The answer's JSON object. A refusal is `internal` with the plugin's own words behind the method's name, as Docker says
   * it; `unavailable` when nobody answers, `deadline` when not in time.
   */
  async call(method: string, request: object, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await this.#http.request({
        method: "POST",
        path: `/${method}`,
        headers: { Accept: MEDIA_TYPE, "Content-Type": "application/json" },
        body: JSON.stringify(request),
        signal,
      });
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of response.body()) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) throw new BerthError("internal", `${method}: the answer is too long`);
      }
      const text = Buffer.concat(chunks).toString("utf8");
      if (response.status !== 200) throw new BerthError("internal", `${method}: ${errorIn(text) ?? text}`);
      const refusal = errorIn(text);
      if (refusal !== undefined) throw new BerthError("internal", refusal);
      return objectOf(text) ?? {};
    } catch (error) {
      if (signal.aborted) {
        throw new BerthError("deadline", `${method}: no answer within ${timeoutMs / 1000} seconds`, { cause: error });
      }
      if (isBerthError(error, "internal")) throw error;
      throw new BerthError("unavailable", `${method}: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): void {
    this.#http.close();
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function errorIn(text: string): string | undefined {
  const said = objectOf(text)?.["Err"];
  return typeof said === "string" && said !== "" ? said : undefined;
}

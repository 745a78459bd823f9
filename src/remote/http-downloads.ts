import { BerthError, type ErrorKind } from "#base/errors.ts";
import { reasonPhrase } from "#host/http/reason-phrase.ts";
import type { RegistryHttp } from "#host/web/registry-http.ts";
import { drain, readText } from "./read-body.ts";

const MAX_REDIRECTS = 10;
/** Bytes of what a server says with its refusal. */
const MAX_REFUSAL = 64 << 10;
const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: "invalid-parameter",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
};

/** Files from web servers, as `import URL` fetches them. */
export class HttpDownloads {
  readonly #http: RegistryHttp;

  constructor(deps: { readonly http: RegistryHttp }) {
    this.#http = deps.http;
  }

  /**
   * What a server gives for `url`, redirects followed but not from encrypted to plain. `sizeBytes` is undefined when the
   * server does not say. Read `chunks` to the end or give the iteration up.
   */
  async open(
    url: string,
    signal: AbortSignal,
  ): Promise<{ readonly sizeBytes: number | undefined; readonly chunks: AsyncIterable<Uint8Array> }> {
    let target = url;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#http.send({ url: target, method: "GET", headers: { accept: "*/*" }, signal });
      const location = answer.header("location");
      if ([301, 302, 303, 307, 308].includes(answer.status) && location !== undefined) {
        await drain(answer);
        const next = URL.parse(location, target);
        const isAllowed = next?.protocol === "https:" || (next?.protocol === "http:" && target.startsWith("http:"));
        if (next === null || !isAllowed || redirects >= MAX_REDIRECTS) {
          throw new BerthError("internal", `Get "${url}": refusing to be redirected to ${location.slice(0, 200)}`);
        }
        target = next.href;
        continue;
      }
      if (answer.status >= 400) {
        const said = (await readText(answer, MAX_REFUSAL).catch(() => "")).trim();
        const status = `${answer.status} ${reasonPhrase(answer.status)}`.trim();
        const text = `failed to GET ${url} with status ${status}: ${said}`;
        throw new BerthError(KIND_OF_STATUS[answer.status] ?? "internal", text);
      }
      const length = Number(answer.header("content-length") ?? Number.NaN);
      return { sizeBytes: Number.isFinite(length) ? length : undefined, chunks: answer.body };
    }
  }
}

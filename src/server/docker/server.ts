import { isBerthError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Engine } from "#engine/engine.ts";
import type { Exchange } from "#host/http/exchange.ts";
import type { HttpService } from "#host/http/http-server.ts";
import { featuresHeader, runFeature } from "#spec/berth/ended-output.ts";
import { newestApiVersion, oldestApiVersion, splitVersion } from "./versions/api-version.ts";
import { readJson } from "./body.ts";
import type { Call, Handler } from "./call.ts";
import { cleanedPath } from "./clean-path.ts";
import { errorAnswer } from "./error-answer.ts";
import { JsonTexts } from "./json-texts.ts";
import { parseQuery } from "./query.ts";
import { print } from "./print.ts";
import type { TextReply } from "./reply.ts";
import { Router } from "./router.ts";
import { dockerRoutes } from "./routes/all.ts";

export interface DockerServerDeps {
  readonly engine: Engine;
  readonly log: Log;
  /** For the Server header. */
  readonly version: string;
  /** Requests of an older one are refused; this server's oldest when undefined. */
  readonly minimumApiVersion?: string;
  readonly experimental?: boolean;
}

/** The Docker Engine API. Handlers parse, call the engine and print; nothing is decided here. */
export function createDockerServer(deps: DockerServerDeps): HttpService {
  const router = new Router(dockerRoutes(deps.engine));
  const minimum = deps.minimumApiVersion ?? oldestApiVersion;
  const texts = new JsonTexts();
  return {
    headers: {
      "Api-Version": newestApiVersion,
      "Docker-Experimental": String(deps.experimental ?? false),
      Ostype: "linux",
      Server: `Berth/${deps.version} (linux)`,
      [featuresHeader]: runFeature,
    },
    async handle(exchange) {
      try {
        const url = urlOf(exchange);
        const moved = movedTo(url);
        if (moved !== undefined) return await print(exchange, moved);
        const { route, call } = read(router, minimum, exchange, url);
        const reply = await route(call);
        await print(exchange, reply.kind === "json" ? texts.print(reply, call.version) : reply);
      } catch (error) {
        await fail(deps.log, exchange, error);
      }
    },
  };
}

/** A client that takes the engine for a proxy names the host too (RFC 9112, section 3.2.2). */
function urlOf({ request: { target } }: Exchange): string {
  if (target.startsWith("/")) return target;
  return target === "*" ? "/" : target.replace(/^https?:\/\/[^/?]*/i, "");
}

function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

/** The redirect to the clean form of a path that is none. */
function movedTo(url: string): TextReply | undefined {
  const path = pathOf(url);
  const clean = cleanedPath(path);
  if (clean === undefined) return undefined;
  return { kind: "text", status: 301, text: "", headers: { Location: `${clean}${url.slice(path.length)}` } };
}

function read(
  router: Router,
  minimum: string,
  exchange: Exchange,
  url: string,
): { readonly route: Handler; readonly call: Call } {
  const whole = pathOf(url);
  const { version, path } = splitVersion(whole, minimum);
  const { method, headers } = exchange.request;
  const { route, params } = router.find(method, path);
  const call: Call = {
    method,
    params,
    query: parseQuery(url.slice(whole.length + 1)),
    version,
    header: (name) => headers.get(name),
    json: () => readJson(exchange),
    body: () => exchange.body(),
    get signal() {
      return exchange.signal;
    },
  };
  return { route: route.handle, call };
}

/** Answer with an error, or, when the head has gone out already, cut the connection: the client must not take it for complete. */
async function fail(log: Log, exchange: Exchange, error: unknown): Promise<void> {
  const { status, body } = describe(log, exchange, error);
  if (exchange.isAnswered) exchange.cut();
  else if (status === 304) await exchange.send(304, {});
  else await exchange.send(status, { "Content-Type": "application/json" }, body);
}

function describe(log: Log, { request }: Exchange, error: unknown): { readonly status: number; readonly body: string } {
  const { status, message } = errorAnswer(error);
  const fields = { method: request.method, url: request.target, status, error: message };
  if (!isBerthError(error))
    log.error("unexpected failure", { ...fields, stack: error instanceof Error ? error.stack : undefined });
  else if (status >= 500) log.warn("request failed", fields);
  else log.debug("request refused", fields);
  return { status, body: `${JSON.stringify({ message })}\n` };
}

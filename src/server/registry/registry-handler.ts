import type { WebHandler, WebReply, WebRequest } from "#host/web/web-server.ts";
import type { Access } from "#registry/access/access.ts";
import { AccountAccess } from "#registry/access/account-access.ts";
import type { PullThrough } from "#registry/cache/pull-through.ts";
import type { RegistryMetrics } from "#registry/metrics.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Route } from "./call.ts";
import { actorOf, admit } from "./gate.ts";
import { pageRoutes } from "./page/page-routes.ts";
import { findRoute } from "./router.ts";
import { blobRoutes } from "./routes/blob-routes.ts";
import { healthRoutes } from "./routes/health-routes.ts";
import { hubRoutes } from "./routes/hub-routes.ts";
import { listingRoutes } from "./routes/listing-routes.ts";
import { manifestRoutes } from "./routes/manifest-routes.ts";
import { searchRoutes } from "./routes/search-routes.ts";
import { tokenRoutes } from "./routes/token-routes.ts";
import { uploadRoutes } from "./routes/upload-routes.ts";
import { describe, errorReply, failureReply, isUnexpected } from "./status.ts";

export interface RegistryHandlerDeps {
  readonly context: RegistryContext;
  readonly access: Access;
  /** The server speaks TLS itself. */
  readonly isSecure: boolean;
  /** How clients call it, where a proxy in front hides that: `https://images.example`. */
  readonly publicUrl?: string;
  readonly cache: PullThrough;
  readonly metrics: RegistryMetrics;
  /** The upstream in whose repositories what is not here is looked for under its bare name. */
  readonly mirrorOf?: string;
}

/** The registry over HTTP. Handlers parse, call and print; nothing is decided here. */
export function registryHandler(deps: RegistryHandlerDeps): WebHandler {
  const { context, access, metrics } = deps;
  const routes = [
    ...healthRoutes(context),
    ...listingRoutes(context),
    ...searchRoutes(context),
    ...hubRoutes(context),
    ...uploadRoutes(context),
    ...blobRoutes(context, deps.cache),
    ...manifestRoutes(context, deps.cache),
    ...pageRoutes(context, access),
    ...(access instanceof AccountAccess ? tokenRoutes(access) : []),
  ];
  return async (request) => {
    const done = metrics.begin(request.method);
    const reply = await answer(deps, routes, request);
    done(reply.status);
    return { ...reply, headers: { ...common, ...reply.headers } };
  };
}

const common = { "Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff" };

async function answer(deps: RegistryHandlerDeps, routes: readonly Route[], request: WebRequest): Promise<WebReply> {
  const { access, context } = deps;
  const origin = originOf(deps, request);
  try {
    const found = findRoute(routes, request.method, request.path);
    if (found.kind === "none") return errorReply(404, [{ code: "UNSUPPORTED", message: "there is no such address" }]);
    if (found.kind === "other-method") {
      const message = "the address is not for this method";
      return errorReply(405, [{ code: "UNSUPPORTED", message }], { Allow: found.allowed.join(", ") });
    }
    const { route } = found;
    const query = new URLSearchParams(request.query);
    const namespace = namespaceOf(deps, route, found.params, query);
    const params =
      namespace === undefined ? found.params : { ...found.params, name: `${namespace}/${found.params["name"]}` };
    const admission = await admit(access, request, route.need, params["name"] ?? "", origin);
    if (admission.kind === "out") return admission.reply;
    const { identity } = admission;
    const reply = await route.handle({
      request,
      params,
      query,
      identity,
      actor: actorOf(identity, request),
      may: (action, repository) => access.may(identity, action, repository),
      mayEver: (action, repository) => access.mayEver(identity, action, repository),
      origin,
    });
    if (namespace === undefined) return reply;
    return { ...reply, headers: { "OCI-Namespace": namespace, ...reply.headers } };
  } catch (error) {
    const fields = { method: request.method, path: request.path, error: describe(error) };
    if (isUnexpected(error)) context.log.error("request failed", fields);
    else context.log.debug("request refused", fields);
    const reply = failureReply(error);
    if (reply.status !== 401) return reply;
    const challenge = access.challenge(origin, undefined, undefined);
    return { ...reply, headers: { ...reply.headers, "WWW-Authenticate": challenge } };
  }
}

/**
 * The upstream whose repository a pull means: the one it names (`ns`, as clients of a mirror send it), or the mirrored one
 * when there is no such repository here.
 */
function namespaceOf(
  { context, cache, mirrorOf }: RegistryHandlerDeps,
  { need }: Route,
  { name }: Readonly<Record<string, string>>,
  query: URLSearchParams,
): string | undefined {
  if (need !== "pull" || name === undefined) return undefined;
  const asked = query.get("ns");
  if (asked !== null && cache.has(asked)) return asked;
  if (mirrorOf === undefined || context.repositories.find(name) !== undefined) return undefined;
  return name.startsWith(`${mirrorOf}/`) ? undefined : mirrorOf;
}

function originOf({ publicUrl, isSecure }: RegistryHandlerDeps, request: WebRequest): string {
  return publicUrl ?? `${isSecure ? "https" : "http"}://${request.header("host") ?? ""}`;
}

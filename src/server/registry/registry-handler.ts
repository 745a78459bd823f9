import type { WebHandler, WebReply, WebRequest } from "#host/web-server.ts";
import type { Access } from "#registry/access/access.ts";
import { AccountAccess } from "#registry/access/account-access.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Route } from "./call.ts";
import { actorOf, admit } from "./gate.ts";
import { pageRoutes } from "./page/page-routes.ts";
import { findRoute } from "./router.ts";
import { blobRoutes } from "./routes/blob-routes.ts";
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
}

/** The registry over HTTP. Handlers parse, call and print; nothing is decided here. */
export function registryHandler(deps: RegistryHandlerDeps): WebHandler {
  const { context, access } = deps;
  const routes = [
    ...listingRoutes(context),
    ...searchRoutes(context),
    ...hubRoutes(context),
    ...uploadRoutes(context),
    ...blobRoutes(context),
    ...manifestRoutes(context),
    ...pageRoutes(context, access),
    ...(access instanceof AccountAccess ? tokenRoutes(access) : []),
  ];
  return async (request) => {
    const reply = await answer(deps, routes, request);
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
    const { route, params } = found;
    const admission = await admit(access, request, route.need, params["name"] ?? "", origin);
    if (admission.kind === "out") return admission.reply;
    const { identity } = admission;
    return await route.handle({
      request,
      params,
      query: new URLSearchParams(request.query),
      identity,
      actor: actorOf(identity, request),
      may: (action, repository) => access.may(identity, action, repository),
      mayEver: (action, repository) => access.mayEver(identity, action, repository),
      origin,
    });
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

function originOf({ publicUrl, isSecure }: RegistryHandlerDeps, request: WebRequest): string {
  return publicUrl ?? `${isSecure ? "https" : "http"}://${request.header("host") ?? ""}`;
}

import type { Log } from "#base/log.ts";
import type { WebHandler, WebReply, WebRequest } from "#host/web-server.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Route } from "./call.ts";
import { findRoute } from "./router.ts";
import { blobRoutes } from "./routes/blob-routes.ts";
import { listingRoutes } from "./routes/listing-routes.ts";
import { manifestRoutes } from "./routes/manifest-routes.ts";
import { uploadRoutes } from "./routes/upload-routes.ts";
import { describe, errorReply, failureReply, isUnexpected } from "./status.ts";

/** The registry over HTTP. Handlers parse, call and print; nothing is decided here. */
export function registryHandler(context: RegistryContext): WebHandler {
  const routes = [
    ...listingRoutes(context),
    ...uploadRoutes(context),
    ...blobRoutes(context),
    ...manifestRoutes(context),
  ];
  return async (request) => {
    const reply = await answer(routes, request, context.log);
    return { ...reply, headers: { ...common, ...reply.headers } };
  };
}

const common = { "Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff" };

async function answer(routes: readonly Route[], request: WebRequest, log: Log): Promise<WebReply> {
  try {
    const found = findRoute(routes, request.method, request.path);
    if (found.kind === "none") return errorReply(404, [{ code: "UNSUPPORTED", message: "there is no such address" }]);
    if (found.kind === "other-method") {
      const message = "the address is not for this method";
      return errorReply(405, [{ code: "UNSUPPORTED", message }], { Allow: found.allowed.join(", ") });
    }
    const query = new URLSearchParams(request.query);
    return await found.route.handle({ request, params: found.params, query, actor: "", may: () => true });
  } catch (error) {
    const fields = { method: request.method, path: request.path, error: describe(error) };
    if (isUnexpected(error)) log.error("request failed", fields);
    else log.debug("request refused", fields);
    return failureReply(error);
  }
}

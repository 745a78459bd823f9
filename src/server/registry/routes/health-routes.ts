import { messageOf } from "#base/errors.ts";
import type { WebReply } from "#host/web/web-server.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Route } from "../call.ts";

/** Whether it lives and can serve: 200, or 503. Kubernetes' names, and the one of the distribution project. */
export function healthRoutes(context: RegistryContext): readonly Route[] {
  const path = /^\/(?:livez|readyz|debug\/health)$/;
  return [{ method: "GET", path, need: "nothing", handle: () => healthReply(context) }];
}

/** Looks at what every answer needs. */
export async function healthReply(context: RegistryContext): Promise<WebReply> {
  const headers = { "Content-Type": "application/json" };
  try {
    context.repositories.page("", 1);
    await context.storage.uploadSize("health-check");
    return { status: 200, headers, body: "{}\n" };
  } catch (error) {
    context.log.error("the registry is not healthy", { error: messageOf(error) });
    return { status: 503, headers, body: `${JSON.stringify({ storage: "cannot be read" })}\n` };
  }
}

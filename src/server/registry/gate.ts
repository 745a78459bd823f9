import { randomHex } from "#base/ids.ts";
import type { WebReply, WebRequest } from "#host/web/web-server.ts";
import type { Access, Identity } from "#registry/access/access.ts";
import type { Action } from "#registry/access/rights.ts";
import type { Actor } from "#registry/actor.ts";
import type { RegistryErrorEntry } from "#spec/oci/distribution.ts";
import type { Need } from "./call.ts";
import { errorReply } from "./status.ts";

/** Either the request may go on, or this is its answer. */
export type Admission =
  | { readonly kind: "in"; readonly identity: Identity }
  | { readonly kind: "out"; readonly reply: WebReply };

/** Ask the registry's access rules about a request. `repository`: the one its path names, if any. */
export async function admit(
  access: Access,
  request: WebRequest,
  need: Need,
  repository: string,
  origin: string,
): Promise<Admission> {
  const identity = await access.identify(request.header("authorization"), request.remoteAddress);
  if (isAdmitted(access, identity, need, repository)) return { kind: "in", identity };
  const scope = scopeOf(need, repository);
  const problem = identity.kind === "bearer" ? "insufficient_scope" : undefined;
  if (identity.kind === "account") {
    const message = "requested access to the resource is denied";
    return { kind: "out", reply: errorReply(403, [{ code: "DENIED", message, detail: { scope } }]) };
  }
  const entry: RegistryErrorEntry = { code: "UNAUTHORIZED", message: "authentication required", detail: { scope } };
  const challenge = access.challenge(origin, scope, problem);
  return { kind: "out", reply: errorReply(401, [entry], { "WWW-Authenticate": challenge }) };
}

function isAdmitted(access: Access, identity: Identity, need: Need, repository: string): boolean {
  switch (need) {
    case "nothing":
      return true;
    case "sign-in":
      return !access.wantsCredentials || identity.kind !== "unknown";
    case "catalog":
      return access.mayList(identity);
    default:
      return access.may(identity, need, repository);
  }
}

/** What a token must be good for, so that a client can ask for the right one at once: a push reads too. */
function scopeOf(need: Need, repository: string): string | undefined {
  if (need === "catalog") return "registry:catalog:*";
  if (need === "nothing" || need === "sign-in") return undefined;
  const actions: Readonly<Record<Action, string>> = { pull: "pull", push: "pull,push", delete: "delete" };
  return `repository:${repository}:${actions[need]}`;
}

/** Who the histories say it was. */
export function actorOf(identity: Identity, request: WebRequest): Actor {
  return {
    name: identity.kind === "unknown" ? "" : identity.account.name,
    request: {
      id: randomHex(16),
      address: request.remoteAddress,
      host: request.header("host") ?? "",
      method: request.method,
      userAgent: (request.header("user-agent") ?? "").slice(0, 200),
    },
  };
}

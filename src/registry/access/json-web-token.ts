import { createHmac, timingSafeEqual } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** A JSON Web Token with HMAC-SHA256 (RFC 7519, RFC 7515): only who has the key makes one. */
export function signToken(claims: Claims, key: string): string {
  const head = part({ alg: "HS256", typ: "JWT" });
  const signed = `${head}.${part(claims)}`;
  return `${signed}.${signature(signed, key).toString("base64url")}`;
}

/** The claims of a token of ours that is good now; undefined for any other. */
export function readToken(token: string, key: string, audience: string, nowMs: number): Claims | undefined {
  const dot = token.lastIndexOf(".");
  const given = Buffer.from(token.slice(dot + 1), "base64url");
  const right = signature(token.slice(0, dot), key);
  // Whatever the head says: only one algorithm is used, so nothing in it is asked.
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Claims;
    const now = nowMs / 1000;
    const { exp, nbf, aud } = claims;
    const isGood = typeof exp === "number" && exp > now && typeof nbf === "number" && nbf <= now && aud === audience;
    return isGood ? claims : undefined;
  } catch {
    return undefined;
  }
}

function signature(text: string, key: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function part(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

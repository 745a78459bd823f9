import { BerthError, messageOf } from "#base/errors.ts";
import type { PullFailure, PullFailureCause } from "#spec/berth/why-pull.ts";
import type { Reference } from "#spec/oci/reference.ts";

type Explanation = Pick<PullFailure, "Cause" | "Reason" | "Advice">;

/** Why a pull failed, in one sentence, and what to do about it. Pure; by the error's own facts, else by its words. */
export function explainPull(error: unknown, { domain, path, tag, digest }: Reference): Explanation {
  const cause = causeOf(error);
  const what = `${path}${digest === undefined ? `:${tag ?? "latest"}` : `@${digest}`}`;
  const explain = EXPLANATIONS[cause];
  return { Cause: cause, ...explain({ domain: domain === "docker.io" ? "the Hub" : domain, what, path }) };
}

/** `HttpFailure`'s reasons, which stand in the details of the error or of one of its causes. */
const OF_REASON: Readonly<Record<string, PullFailureCause>> = {
  "no-such-host": "name-service",
  refused: "unreachable",
  broken: "unreachable",
  timeout: "timeout",
  certificate: "certificate",
  "not-tls": "not-tls",
};

/** The order counts: a refusal of the Hub names several. */
const OF_WORDS: readonly (readonly [RegExp, PullFailureCause])[] = [
  [/no space left on device|disk quota exceeded/i, "disk-full"],
  [/toomanyrequests|too many requests|\b429\b/i, "rate-limit"],
  [/no matching manifest|does not match the specified platform|does not provide the specified platform/i, "platform"],
  [/denied|forbidden|\b403\b|may require 'docker login'/i, "denied"],
  [/unauthorized|authentication required|no basic auth|incorrect username|\b401\b/i, "unauthorized"],
  [/manifest unknown|not found|name unknown|repository name not known|\b404\b/i, "not-found"],
  [/verification failed|digest (?:does not match|mismatch)|wrong digest|checksum|unexpected EOF|corrupt/i, "damaged"],
  [/\b5\d\d\b|service unavailable|bad gateway/i, "registry"],
];

function causeOf(error: unknown): PullFailureCause {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof BerthError)) {
      if ("code" in at && (at.code === "ENOSPC" || at.code === "EDQUOT")) return "disk-full";
      continue;
    }
    const reason = OF_REASON[String(at.details["reason"])];
    if (reason !== undefined) return reason;
    if (at.kind === "data-loss") return "damaged";
  }
  const text = messageOf(error);
  return OF_WORDS.find(([words]) => words.test(text))?.[1] ?? "other";
}

interface Facts {
  readonly domain: string;
  readonly what: string;
  readonly path: string;
}

const EXPLANATIONS: Readonly<Record<PullFailureCause, (facts: Facts) => Pick<Explanation, "Reason" | "Advice">>> = {
  "name-service": ({ domain }) => ({
    Reason: `the engine's machine could not find the address of ${domain}`,
    Advice: "Is the name right? Does that machine's /etc/resolv.conf name a server that answers?",
  }),
  unreachable: ({ domain }) => ({
    Reason: `nobody answers at ${domain}, or the connection broke`,
    Advice:
      "Is the registry up, is the port right, does a firewall or a proxy (HTTPS_PROXY of the engine) stand between?",
  }),
  timeout: ({ domain }) => ({
    Reason: `${domain} did not answer in time`,
    Advice: "Try again; what was received is kept. If it stays so, a firewall may swallow what is sent.",
  }),
  certificate: ({ domain }) => ({
    Reason: `the certificate of ${domain} is not trusted`,
    Advice: `Put its authority into /etc/berth/certs.d/${domain}/ca.crt, or start the engine with --insecure-registry ${domain}.`,
  }),
  "not-tls": ({ domain }) => ({
    Reason: `${domain} does not speak TLS`,
    Advice: `If it is to be trusted without, start the engine with --insecure-registry ${domain}.`,
  }),
  unauthorized: ({ domain }) => ({
    Reason: `${domain} wants to know who asks`,
    Advice: `Log in: berth login${domain === "the Hub" ? "" : ` ${domain}`}`,
  }),
  denied: ({ domain, path }) => ({
    Reason: `${domain} does not give ${path} to who asked, or has no such repository`,
    Advice: `Is the name right? Log in as who may read it: berth login${domain === "the Hub" ? "" : ` ${domain}`}`,
  }),
  "not-found": ({ domain, what, path }) => ({
    Reason: `${domain} has no ${what}`,
    Advice: `Is the tag right? ${domain === "the Hub" ? "The Hub's page of the repository lists them" : `berth search ${domain}/${path} shows what is there`}.`,
  }),
  platform: ({ what }) => ({
    Reason: `${what} is not made for this machine's processor`,
    Advice: "berth manifest inspect shows for which it is; --platform pulls one of them.",
  }),
  "rate-limit": ({ domain }) => ({
    Reason: `${domain} gives no more to this address or account for now`,
    Advice:
      "Wait, or log in: accounts may pull more. A mirror (--registry-mirror, or 'berth registry serve') asks once for all.",
  }),
  "disk-full": () => ({
    Reason: "the engine's disk is full",
    Advice: "berth system df shows what takes the room; berth system prune frees what nobody uses.",
  }),
  damaged: ({ domain }) => ({
    Reason: `what ${domain} sent is not what its digests promise`,
    Advice: "Try again. If it stays so the registry, or a proxy before it, keeps a damaged copy: push the image anew.",
  }),
  registry: ({ domain }) => ({
    Reason: `${domain} has a fault of its own`,
    Advice: "Try again later, or ask who runs it; its log says more.",
  }),
  other: () => ({
    Reason: "the registry or the engine refused it",
    Advice: "The engine's log may say more.",
  }),
};

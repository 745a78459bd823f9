import { createPrivateKey, X509Certificate } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { Invocation } from "../command.ts";
import { parseBool } from "../flags/flag-kind.ts";
import { ENGINE_ENDPOINT, type ContextEndpoint, type TlsFiles } from "./context-metadata.ts";
import { loadContext } from "./contexts.ts";

const KEYS: ReadonlySet<string> = new Set(["from", "host", "ca", "cert", "key", "skip-tls-verify"]);
const SCHEMES = /^(?:unix|tcp|http|https|ssh|npipe|fd):\/\//;

/**
 * What `--docker host=…,ca=…` describes. `from` takes everything from another context. Refusals are in docker's words,
 * as `invalid-parameter`.
 */
export function engineEndpoint(
  options: Readonly<Record<string, string>>,
  invocation: Invocation,
): { readonly endpoint: ContextEndpoint; readonly tls: TlsFiles } {
  const unknown = Object.keys(options).filter((key) => !KEYS.has(key));
  if (unknown.length > 0) throw refused(`unrecognized config key: ${unknown.join(", ")}`);
  const { from, host = "", ca, cert, key } = options;
  if (from !== undefined && from !== "") {
    const source = loadContext(from, invocation);
    return { endpoint: source.metadata.Endpoints[ENGINE_ENDPOINT] ?? {}, tls: source.tls };
  }
  const skipVerify = skipTlsVerify(options["skip-tls-verify"] ?? "");
  const files = Object.entries({ "ca.pem": ca, "cert.pem": cert, "key.pem": key }).flatMap(([name, path]) =>
    path === undefined || path === "" ? [] : [[name, readPem(path, invocation)] as const],
  );
  checkMaterial(Object.fromEntries(files));
  if (host !== "" && !SCHEMES.test(host))
    throw refused(`unable to apply docker endpoint options: unable to parse docker host \`${host}\``);
  return {
    endpoint: { ...(host === "" ? {} : { Host: host }), SkipTLSVerify: skipVerify },
    tls: files.length === 0 ? {} : { [ENGINE_ENDPOINT]: Object.fromEntries(files) },
  };
}

function skipTlsVerify(text: string): boolean {
  if (text === "") return false;
  try {
    return parseBool(text);
  } catch {
    throw refused(`skip-tls-verify: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
}

function readPem(path: string, { io }: Invocation): Uint8Array {
  const bytes = io.readBytes(path);
  if (bytes === undefined) throw refused(`open ${path}: no such file or directory`);
  return bytes;
}

/** A certificate that cannot be used is told of now and not at the first connection. */
function checkMaterial(files: Readonly<Record<string, Uint8Array>>): void {
  const invalid = "invalid docker endpoint options: failed to retrieve context tls info:";
  const { "ca.pem": ca, "cert.pem": cert, "key.pem": key } = files;
  if (ca !== undefined && certificate(ca) === undefined) throw refused(`${invalid} ca.pem seems invalid`);
  if (cert === undefined || key === undefined) return;
  const known = certificate(cert);
  if (known === undefined) throw refused(`${invalid} cert.pem holds no certificate`);
  try {
    if (known.checkPrivateKey(createPrivateKey(Buffer.from(key)))) return;
  } catch {
    throw refused(`${invalid} key.pem holds no private key`);
  }
  throw refused(`${invalid} tls: private key does not match public key`);
}

function certificate(pem: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function refused(why: string): BerthError {
  return new BerthError("invalid-parameter", `unable to create docker endpoint config: ${why}`);
}

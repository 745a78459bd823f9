import { createPrivateKey, X509Certificate } from "node:crypto";
import { BerthError, messageOf } from "#base/errors.ts";
import type { ServerTls } from "#host/sockets/accept.ts";
import type { TlsSettings } from "./settings/listen-settings.ts";

/** Read and check the PEM files. `invalid-parameter` in Docker's words, naming the file. */
export function tlsMaterial(settings: TlsSettings, readFile: (path: string) => string | undefined): ServerTls {
  const pair = `Could not load X509 key pair (cert: ${JSON.stringify(settings.certFile)}, key: ${JSON.stringify(settings.keyFile)})`;
  const read = (path: string, complaint: string): string => {
    const text = readFile(path);
    if (text === undefined) throw unusable(`${complaint}: open ${path}: no such file or directory`);
    return text;
  };
  const cert = read(settings.certFile, pair);
  const key = read(settings.keyFile, pair);
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error("tls: private key does not match public key");
  } catch (cause) {
    throw unusable(`${pair}: ${messageOf(cause)}`, cause);
  }
  return { cert, key, clientAuthority: settings.verifyClients ? authority(settings.caFile, read) : undefined };
}

function authority(path: string, read: (path: string, complaint: string) => string): string {
  const complaint = `could not read CA certificate ${JSON.stringify(path)}`;
  const text = read(path, complaint);
  try {
    // Only the first is looked at here; the handshake trusts all that are in the file.
    void new X509Certificate(text);
  } catch (cause) {
    throw unusable(`failed to append certificates from PEM file: ${JSON.stringify(path)}`, cause);
  }
  return text;
}

function unusable(why: string, cause?: unknown): BerthError {
  return new BerthError("invalid-parameter", `invalid TLS configuration: ${why}`, { cause });
}

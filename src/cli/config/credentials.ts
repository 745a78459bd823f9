import { BerthError } from "#base/errors.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import type { CliIo } from "../cli-io.ts";
import type { CliConfig, StoredAuth } from "./cli-config.ts";

/** Docker Hub's key in config.json, kept from the first registry protocol. */
export const HUB_KEY = "https://index.docker.io/v1/";
const NOT_FOUND = "credentials not found in native keychain";

type Io = Pick<CliIo, "runProgram">;

/** The key under which credentials of an image's registry are stored. */
export function credentialKey(domain: string): string {
  return domain === "docker.io" || domain === "index.docker.io" ? HUB_KEY : domain;
}

/** What is stored for `key`: from its credential helper when one is set, else from the file. Empty when nothing is. */
export async function readCredentials(config: CliConfig, io: Io, key: string): Promise<Partial<AuthConfig>> {
  const helper = helperOf(config, key);
  const found = helper === undefined ? fromFile(config, key) : await fromHelper(helper, io, key);
  return Object.keys(found).length === 0 ? {} : { ...found, serveraddress: key };
}

/** What is stored for every registry that is known by name. */
export async function everyCredential(
  config: CliConfig,
  io: Io,
): Promise<Readonly<Record<string, Partial<AuthConfig>>>> {
  const { auths, credHelpers, credsStore } = config.file;
  const keys = [...Object.keys(auths ?? {}), ...Object.keys(credHelpers ?? {})];
  const known: Record<string, Partial<AuthConfig>> = {};
  for (const key of new Set([...keys, ...(credsStore === undefined ? [] : [HUB_KEY])])) {
    const auth = await readCredentials(config, io, key);
    if (Object.keys(auth).length > 0) known[key] = auth;
  }
  return known;
}

/** Stores credentials in the helper or the file. Returns where they went. */
export async function storeCredentials(
  config: CliConfig,
  io: Io,
  key: string,
  auth: { readonly username: string; readonly secret: string; readonly isToken: boolean },
): Promise<{ readonly helper: string | undefined }> {
  const helper = helperOf(config, key);
  if (helper !== undefined) {
    const entry = { ServerURL: key, Username: auth.isToken ? "<token>" : auth.username, Secret: auth.secret };
    await runHelper(helper, io, "store", JSON.stringify(entry));
    config.update({ auths: { ...config.file.auths, [key]: {} } });
    return { helper };
  }
  const stored: StoredAuth = auth.isToken
    ? { auth: encode(auth.username, ""), identitytoken: auth.secret }
    : { auth: encode(auth.username, auth.secret) };
  config.update({ auths: { ...config.file.auths, [key]: stored } });
  return { helper };
}

/** Forgets credentials, when there are any. */
export async function eraseCredentials(config: CliConfig, io: Io, key: string): Promise<void> {
  const helper = helperOf(config, key);
  const { [key]: known, ...auths } = config.file.auths ?? {};
  if (helper !== undefined) await runHelper(helper, io, "erase", key);
  else if (known === undefined) return;
  config.update({ auths });
}

function helperOf(config: CliConfig, key: string): string | undefined {
  const { credHelpers, credsStore } = config.file;
  const own = credHelpers?.[key] ?? credHelpers?.[hostOf(key)];
  return own ?? (credsStore === "" ? undefined : credsStore);
}

function fromFile(config: CliConfig, key: string): Partial<AuthConfig> {
  const auths = config.file.auths ?? {};
  // Old files carry whole URLs as keys.
  const stored = auths[key] ?? Object.entries(auths).find(([name]) => hostOf(name) === hostOf(key))?.[1];
  if (stored === undefined) return {};
  const { auth, username, password, identitytoken, registrytoken } = stored;
  const decoded = auth === undefined || auth === "" ? { username, password } : decode(auth);
  return withoutUndefined({ ...decoded, identitytoken, registrytoken });
}

async function fromHelper(helper: string, io: Io, key: string): Promise<Partial<AuthConfig>> {
  const answer = await runHelper(helper, io, "get", key);
  if (answer === undefined) return {};
  const { Username, Secret } = JSON.parse(answer) as { readonly Username?: string; readonly Secret?: string };
  if (Username === "<token>") return withoutUndefined({ identitytoken: Secret });
  return withoutUndefined({ username: Username, password: Secret });
}

/** Runs `docker-credential-<helper> <verb>`. `undefined` when it knows no such credentials. */
async function runHelper(
  helper: string,
  io: Io,
  verb: "get" | "store" | "erase",
  input: string,
): Promise<string | undefined> {
  const program = `docker-credential-${helper}`;
  const result = await io.runProgram([program, verb], input);
  if (result === undefined) {
    throw new BerthError(
      "internal",
      `error getting credentials - err: exec: "${program}": executable file not found in $PATH, out: \`\``,
    );
  }
  if (result.exitCode === 0) return result.stdout.trim();
  const said = result.stdout.trim();
  if (said === NOT_FOUND) return undefined;
  throw new BerthError(
    "internal",
    `error getting credentials - err: exit status ${String(result.exitCode)}, out: \`${said}\``,
  );
}

function hostOf(key: string): string {
  return (key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "").toLowerCase();
}

function encode(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`, "utf8").toString("base64");
}

function decode(auth: string): { readonly username: string; readonly password: string } {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon <= 0)
    throw new BerthError("invalid-parameter", "Error loading config file: invalid auth configuration file");
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

function withoutUndefined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""),
  );
}

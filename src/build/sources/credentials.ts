/** What a build's sources elsewhere may be asked with. */
export interface SourceCredentials {
  /** Socket of the ssh agent whose keys git may use. */
  readonly agent: string | undefined;
  /** Of the build, by id; those named as BuildKit names them are for sources. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
}

/**
 * The `Authorization` for a repository at a web address: the secret GIT_AUTH_HEADER as it is, else GIT_AUTH_TOKEN as a password,
 * each under `.HOST` first. docker-compat: the user's name is the one that forges take for tokens.
 */
export function gitAuthorization(remote: string, { secrets }: SourceCredentials): string | undefined {
  const host = hostOf(remote);
  if (host === undefined) return undefined;
  for (const suffix of [`.${host}`, ""]) {
    const header = textOf(secrets, `GIT_AUTH_HEADER${suffix}`);
    if (header !== undefined) return header;
    const token = textOf(secrets, `GIT_AUTH_TOKEN${suffix}`);
    if (token !== undefined) return `basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  }
  return undefined;
}

/** The `Authorization` for a file at a web address: the secret HTTP_AUTH_HEADER_HOST, else HTTP_AUTH_TOKEN_HOST as a bearer's. */
export function webAuthorization(url: string, { secrets }: SourceCredentials): string | undefined {
  const host = hostOf(url);
  if (host === undefined) return undefined;
  const header = textOf(secrets, `HTTP_AUTH_HEADER_${host}`);
  if (header !== undefined) return header;
  const token = textOf(secrets, `HTTP_AUTH_TOKEN_${host}`);
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** With its port, where it has one of its own; undefined for what is no web address. */
function hostOf(url: string): string | undefined {
  return /^https?:\/\//.test(url) && URL.canParse(url) ? new URL(url).host : undefined;
}

/** A file's last line break is none of the secret's. */
function textOf(secrets: SourceCredentials["secrets"], id: string): string | undefined {
  const value = secrets.get(id);
  const text = value === undefined ? "" : new TextDecoder().decode(value).trim();
  return text === "" || /[\r\n\0]/.test(text) ? undefined : text;
}

import { BerthError, isBerthError } from "#base/errors.ts";
import type { AuthResponse } from "#spec/docker/auth.ts";
import type { Handler, Invocation } from "../command.ts";
import { credentialKey, HUB_KEY, readCredentials, storeCredentials } from "../config/credentials.ts";

/** `login`: credentials are checked by the engine and then kept in config.json or a credential helper. */
export const login: Handler = async (invocation) => {
  const { args, io, config, client } = invocation;
  const server = serverKey(args[0]);
  const given = await givenCredentials(invocation);
  const stored = given.username === "" && given.password === "" ? await readCredentials(config, io, server) : {};
  const api = await client();
  let response: AuthResponse | undefined;
  let auth: { readonly username: string; readonly secret: string } | undefined;
  if (stored.username !== undefined && stored.password !== undefined) {
    io.stdout.write(`Authenticating with existing credentials... [Username: ${stored.username}]\n`);
    try {
      response = await api.system.login({ ...stored, serveraddress: server });
      auth = { username: stored.username, secret: stored.password };
    } catch (error) {
      if (!isBerthError(error, "unauthorized")) throw error;
      io.stderr.write("Stored credentials invalid or expired\n");
    }
  }
  if (response === undefined || auth === undefined) {
    const { username, password } = await askMissing(invocation, given, stored.username);
    response = await api.system.login({ username, password, serveraddress: server });
    auth = { username, secret: password };
  }
  const token = response.IdentityToken;
  const isToken = token !== undefined && token !== "";
  const { helper } = await storeCredentials(config, io, server, {
    username: auth.username,
    secret: isToken ? token : auth.secret,
    isToken,
  });
  if (helper === undefined) {
    io.stderr.write(
      `\nWARNING! Your credentials are stored unencrypted in '${config.path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`,
    );
  }
  if (response.Status !== "") io.stdout.write(`${response.Status}\n`);
  return 0;
};

/** The key for a server as a person names it: without scheme and path; Docker Hub's when none is named. */
export function serverKey(server: string | undefined): string {
  if (server === undefined || server === "" || server === HUB_KEY) return HUB_KEY;
  const host = server.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  return credentialKey(host);
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

async function givenCredentials({ flags, io }: Invocation): Promise<Credentials> {
  const username = flags.text("username");
  const password = flags.text("password");
  if (password !== "" && flags.on("password-stdin")) {
    throw new BerthError(
      "invalid-parameter",
      "conflicting options: cannot specify both --password and --password-stdin",
    );
  }
  if (password !== "") io.stderr.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  if (!flags.on("password-stdin")) return { username, password };
  if (username === "")
    throw new BerthError("invalid-parameter", "the --password-stdin option requires --username to be set");
  const chunks: Uint8Array[] = [];
  for (let chunk = await io.stdin.read(); chunk !== undefined; chunk = await io.stdin.read()) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return { username, password: text.replace(/\r?\n$/, "") };
}

async function askMissing({ io }: Invocation, given: Credentials, knownUser: string | undefined): Promise<Credentials> {
  if (given.username !== "" && given.password !== "") return given;
  if (!io.stdin.isTerminal())
    throw new BerthError("invalid-parameter", "Error: Cannot perform an interactive login from a non TTY device");
  const lines = lineReader(io);
  let username = given.username;
  if (username === "") {
    io.stdout.write(knownUser === undefined ? "Username: " : `Username (${knownUser}): `);
    username = (await lines()).trim() || (knownUser ?? "");
    if (username === "") throw new BerthError("invalid-parameter", "Error: Non-null Username Required");
  }
  let password = given.password;
  if (password === "") {
    io.stdout.write("Password: ");
    const showEcho = io.stdin.hideEcho();
    try {
      password = await lines();
    } finally {
      showEcho();
      io.stdout.write("\n");
    }
    if (password === "") throw new BerthError("invalid-parameter", "Error: Password Required");
  }
  return { username, password };
}

/** Lines of stdin, one a call. */
function lineReader(io: Invocation["io"]): () => Promise<string> {
  let rest = "";
  return async () => {
    for (;;) {
      const newline = rest.indexOf("\n");
      if (newline !== -1) {
        const line = rest.slice(0, newline).replace(/\r$/, "");
        rest = rest.slice(newline + 1);
        return line;
      }
      const chunk = await io.stdin.read();
      if (chunk === undefined) return rest;
      rest += new TextDecoder().decode(chunk);
    }
  };
}

import { BerthError } from "#base/errors.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { plainEntry } from "#spec/tar/plain-entry.ts";
import type { Invocation } from "../../command.ts";
import { everyCredential } from "../../config/credentials.ts";
import { storedCredentials } from "../../config/stored-credentials.ts";
import type { ContainerRequest } from "../container-config.ts";

const SOCKET_INSIDE = "/var/run/docker.sock";
const FOLDER_INSIDE = "/run/secrets/docker";

export interface WithApiSocket {
  readonly body: ContainerRequest["body"];
  /** An archive for the container's root, written there before its start. */
  readonly credentials: Uint8Array | undefined;
}

/**
 * `--use-api-socket`: the engine's socket, and what the person has stored for registries, with DOCKER_CONFIG to find it. Who
 * sets that variable gets the socket alone. `invalid-parameter` when the engine is not reached by a socket.
 */
export async function withApiSocket(
  body: ContainerRequest["body"],
  { config, engine, io }: Invocation,
): Promise<WithApiSocket> {
  const { host } = await engine();
  const socket = /^unix:\/\/(\/.*)$/u.exec(host)?.[1];
  if (socket === undefined)
    throw new BerthError(
      "invalid-parameter",
      `flag --use-api-socket can only be used with unix sockets: docker endpoint ${host} incompatible`,
    );
  const hostConfig = (body["HostConfig"] ?? {}) as { readonly Mounts?: readonly object[] | null };
  const mount = { Type: "bind", Source: socket, Target: SOCKET_INSIDE, BindOptions: {} };
  const withSocket = { ...body, HostConfig: { ...hostConfig, Mounts: [...(hostConfig.Mounts ?? []), mount] } };
  const environment = (body["Env"] ?? []) as readonly string[];
  const known = await everyCredential(config, io);
  if (environment.some((line) => line.startsWith("DOCKER_CONFIG=")) || Object.keys(known).length === 0)
    return { body: withSocket, credentials: undefined };
  const variables = [...environment, `DOCKER_CONFIG=${FOLDER_INSIDE}`];
  return { body: { ...withSocket, Env: variables }, credentials: archiveOf(storedCredentials(known)) };
}

function archiveOf(text: string): Uint8Array {
  const content = Buffer.from(text);
  const entry = { ...plainEntry("file", `${FOLDER_INSIDE}/config.json`, content.length), mode: 0o600 };
  return Buffer.concat([encodeEntry(entry), content, new Uint8Array(paddingOf(content.length)), END_OF_ARCHIVE]);
}

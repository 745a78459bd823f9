import { BerthError, isBerthError, messageOf, type ErrorKind } from "#base/errors.ts";
import { createHttpClient } from "#host/http/http-client.ts";
import { dialSocket } from "#host/http/socket.ts";
import { exists, removeFile } from "#host/files/files.ts";
import { stderrLog } from "#host/program/stderr-log.ts";
import { startWebServer, type WebReply, type WebServer } from "#host/web/web-server.ts";
import type { Answer, Fields } from "#registry/administration/operation.ts";
import { operations } from "#registry/administration/operations.ts";
import type { RegistryContext } from "#registry/context.ts";
import { defaultSettings } from "#registry/settings.ts";
import { openRoot } from "./open-root.ts";

const socketIn = (root: string): string => `${root}/control.sock`;

/** Carried over the socket: an answer, or why there is none. */
type Message =
  | { readonly answer: Answer }
  | { readonly failure: { readonly kind: ErrorKind; readonly message: string } };

/**
 * Take administrators' operations while the registry serves: `POST /NAME` with the fields as JSON, on a socket in its
 * root folder, which only its owner can enter.
 */
export function startControl(root: string, context: RegistryContext): WebServer {
  const path = socketIn(root);
  // The root's lock is held, so whoever made it is gone.
  if (exists(path)) removeFile(path);
  return startWebServer({ unixPath: path }, async ({ path: target, body }): Promise<WebReply> => {
    const text = Buffer.concat(await Array.fromAsync(body)).toString();
    const message = await perform(context, target.slice(1), JSON.parse(text) as Fields);
    return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
  });
}

async function perform(context: RegistryContext, name: string, fields: Fields): Promise<Message> {
  try {
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined) throw new BerthError("not-implemented", `the registry does not know ${name}`);
    return { answer: await operation(context, fields) };
  } catch (error) {
    if (!isBerthError(error)) context.log.error("an operation failed", { name, error: messageOf(error) });
    return { failure: { kind: isBerthError(error) ? error.kind : "internal", message: messageOf(error) } };
  }
}

/** Do something to the registry in `root`: by the program that serves it, or here when none does. */
export async function administer(root: string, name: string, fields: Fields): Promise<Answer> {
  const message = (await askServer(root, name, fields)) ?? (await performHere(root, name, fields));
  if ("answer" in message) return message.answer;
  throw new BerthError(message.failure.kind, message.failure.message);
}

async function askServer(root: string, name: string, fields: Fields): Promise<Message | undefined> {
  const client = createHttpClient({ dial: dialSocket({ kind: "unix", path: socketIn(root) }), host: "registry" });
  try {
    const response = await client.request({ method: "POST", path: `/${name}`, body: JSON.stringify(fields) });
    return JSON.parse(await response.text()) as Message;
  } catch (error) {
    const code = isBerthError(error) ? error.details["code"] : undefined;
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw error;
  } finally {
    client.close();
  }
}

async function performHere(root: string, name: string, fields: Fields): Promise<Message> {
  // Users may be there before the registry serves for the first time.
  if (!exists(`${root}/registry.db`) && name !== "user-put") {
    throw new BerthError("not-found", `there is no registry in ${root}`, {
      hint: "Name its folder with --root, or start one with `berth registry serve`.",
    });
  }
  const opened = openRoot(root, {
    settings: defaultSettings,
    log: stderrLog({ level: "warn", format: "text" }),
    env: process.env,
  });
  try {
    return await perform(opened.context, name, fields);
  } finally {
    opened.close();
  }
}

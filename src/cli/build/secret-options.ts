import { absolutePath } from "#base/absolute-path.ts";
import { csvFields } from "#base/csv-fields.ts";
import type { BuildOptions } from "#spec/berth/build-options.ts";
import type { CliIo } from "../cli-io.ts";
import { keyValue } from "../flags/key-value.ts";

type Io = Pick<CliIo, "env" | "readBytes" | "workingDirectory">;

/** `--secret` and `--ssh`: what they name is read here, and goes to the engine's memory only. */
export function secretOptions(
  secrets: readonly string[],
  agents: readonly string[],
  io: Io,
): Pick<BuildOptions, "secrets" | "agents"> {
  return {
    secrets: Object.fromEntries(secrets.map((text) => secretOf(text, io))),
    agents: Object.fromEntries(agents.map((text) => agentOf(text, io))),
  };
}

function secretOf(text: string, io: Io): readonly [string, string] {
  const fields = new Map(csvFields(text).map((field) => keyValue(field)));
  for (const key of fields.keys())
    if (!["id", "type", "src", "source", "env"].includes(key)) throw new Error(`unexpected key '${key}' in '${text}'`);
  const type = fields.get("type") ?? "";
  if (!["", "file", "env"].includes(type)) throw new Error(`unsupported secret type ${JSON.stringify(type)}`);
  const id = fields.get("id") ?? "";
  if (id === "") throw new Error(`missing id in secret ${JSON.stringify(text)}`);
  const source = fields.get("src") ?? fields.get("source");
  const variable = fields.get("env") ?? (type === "env" ? (source ?? id) : undefined);
  const value = variable === undefined ? undefined : io.env[variable];
  if (value !== undefined) return [id, Buffer.from(value).toString("base64")];
  if (variable !== undefined && (type === "env" || source === undefined))
    throw new Error(`failed to parse secret ${id}: the variable ${variable} is not set`);
  const fallback = source === undefined && type === "" ? io.env[id] : undefined;
  if (fallback !== undefined) return [id, Buffer.from(fallback).toString("base64")];
  const path = absolutePath(source ?? id, io.workingDirectory);
  const bytes = io.readBytes(path);
  if (bytes === undefined) throw new Error(`failed to stat ${path}: no such file or directory`);
  return [id, Buffer.from(bytes).toString("base64")];
}

function agentOf(text: string, io: Io): readonly [string, string] {
  const [id, given] = keyValue(text);
  const path = given === "" ? (io.env["SSH_AUTH_SOCK"] ?? "") : absolutePath(given, io.workingDirectory);
  if (path === "") throw new Error("invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set");
  return [id, path];
}

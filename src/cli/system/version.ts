import { BerthError, messageOf } from "#base/errors.ts";
import { CLIENT_API_VERSION } from "#client/api-version.ts";
import type { VersionResponse } from "#spec/docker/system.ts";
import type { Handler, Invocation } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import { compileTemplate } from "#base/template/execute.ts";
import { struct } from "#base/template/struct.ts";
import { clientInfo, type ClientInfo } from "./client-info.ts";

interface Versions {
  readonly client: ClientInfo;
  readonly server: VersionResponse | undefined;
}

/** `version`: this program's and the engine's. Without an engine ours is told, and the failure after it. */
export const version: Handler = async (invocation) => {
  const { flags, io } = invocation;
  const format = flags.text("format");
  const render = format === "" ? versionText : templated(format === "json" ? "{{json .}}" : format);
  const { versions, failure } = await ask(invocation);
  io.stdout.write(render(versions));
  if (failure !== undefined) throw new ExitError(1, failure);
  return 0;
};

async function ask(invocation: Invocation): Promise<{ readonly versions: Versions; readonly failure?: string }> {
  let apiVersion = CLIENT_API_VERSION;
  try {
    const api = await invocation.client();
    apiVersion = await api.transport.version();
    return { versions: { client: clientInfo(invocation, apiVersion), server: await api.system.serverVersion() } };
  } catch (error) {
    return {
      versions: { client: clientInfo(invocation, apiVersion), server: undefined },
      failure: shownMessage(error),
    };
  }
}

function templated(format: string): (versions: Versions) => string {
  let render: (data: unknown) => string;
  try {
    render = compileTemplate(format, { name: "version" });
  } catch (error) {
    throw new BerthError("invalid-parameter", `template parsing error: ${messageOf(error)}`, { cause: error });
  }
  return ({ client, server }) => {
    const info = (typeName: string, aliases: Record<string, string> = {}) => ({ typeName, fields: [], aliases });
    const data = struct(
      {
        Client: struct({ ...client }, info("system.clientVersion", { APIVersion: "ApiVersion" })),
        Server:
          server === undefined ? null : struct({ ...server }, info("types.Version", { APIVersion: "ApiVersion" })),
      },
      info("system.versionInfo"),
    );
    return `${render(data)}\n`;
  };
}

function versionText({ client, server }: Versions): string {
  const lines = ["Client:"];
  const field = (indent: string, name: string, value: string): void => {
    if (value !== "") lines.push(`${indent}${`${name}:`.padEnd(20 - indent.length)}${value}`);
  };
  const apiVersion =
    client.ApiVersion === client.DefaultAPIVersion
      ? client.ApiVersion
      : `${client.ApiVersion} (downgraded from ${client.DefaultAPIVersion})`;
  field(" ", "Version", client.Version);
  field(" ", "API version", apiVersion);
  field(" ", "Git commit", client.GitCommit);
  field(" ", "Built", builtTime(client.BuildTime));
  field(" ", "OS/Arch", `${client.Os}/${client.Arch}`);
  field(" ", "Context", client.Context);
  if (server !== undefined) serverLines(server, lines, field);
  return `${lines.join("\n")}\n`;
}

function serverLines(
  server: VersionResponse,
  lines: string[],
  field: (indent: string, name: string, value: string) => void,
): void {
  const platform = server.Platform?.Name ?? "";
  lines.push("", platform === "" ? "Server:" : `Server: ${platform}`);
  for (const { Name, Version, Details = {} } of server.Components ?? []) {
    lines.push(` ${Name}:`);
    field("  ", "Version", Version);
    if (Name !== "Engine") {
      field("  ", "GitCommit", Details["GitCommit"] ?? "");
      continue;
    }
    field("  ", "API version", `${Details["ApiVersion"] ?? ""} (minimum version ${Details["MinAPIVersion"] ?? ""})`);
    field("  ", "Go version", Details["GoVersion"] ?? "");
    field("  ", "Git commit", Details["GitCommit"] ?? "");
    field("  ", "Built", builtTime(Details["BuildTime"] ?? ""));
    field("  ", "OS/Arch", `${Details["Os"] ?? ""}/${Details["Arch"] ?? ""}`);
    field("  ", "Experimental", Details["Experimental"] ?? "");
  }
}

/** `2025-05-30T12:07:27Z` as `Fri May 30 12:07:27 2025` (C's asctime, UTC); other texts as they are. */
function builtTime(time: string): string {
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) return time;
  const [weekday = "", day = "", month = "", year = "", clock = ""] = new Date(milliseconds)
    .toUTCString()
    .replace(",", "")
    .split(" ");
  return `${weekday} ${month} ${day.replace(/^0/, " ")} ${clock} ${year}`;
}

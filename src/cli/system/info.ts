import { BerthError, messageOf } from "#base/errors.ts";
import { CLIENT_API_VERSION } from "#client/api-version.ts";
import type { InfoResponse } from "#spec/docker/system.ts";
import type { Handler, Invocation } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import { compileTemplate } from "#base/template/execute.ts";
import { map, structure, any } from "../inspect/go-shape.ts";
import { struct } from "#base/template/struct.ts";
import type { Plugin } from "../plugins/plugin.ts";
import { readPlugins } from "../plugins/read-plugins.ts";
import { clientInfo } from "./client-info.ts";
import { infoText } from "./info-text.ts";

/** `info`: the engine's state and settings; its warnings on stderr. */
export const info: Handler = async (invocation) => {
  const { flags, io } = invocation;
  const format = flags.text("format");
  const render = format === "" ? undefined : templated(format === "json" ? "{{json .}}" : format, invocation);
  const installed = await readPlugins(io, invocation.config, invocation.families);
  let server: InfoResponse | undefined;
  let failure: string | undefined;
  try {
    server = await (await invocation.client()).system.info();
  } catch (error) {
    failure = shownMessage(error);
  }
  if (render !== undefined) {
    if (failure !== undefined) throw new ExitError(1, failure);
    io.stdout.write(render(server as InfoResponse, installed));
    return 0;
  }
  const { clientVersion, contextName } = invocation;
  io.stdout.write(`Client:\n Version:    ${clientVersion}\n Context:    ${contextName}\n Debug Mode: false\n`);
  io.stdout.write(`${pluginText(installed)}\nServer:\n`);
  if (server === undefined) throw new ExitError(1, `ERROR: ${failure ?? ""}\nerrors pretty printing info`);
  io.stdout.write(infoText(server));
  for (const warning of server.Warnings ?? []) io.stderr.write(`${warning}\n`);
  return 0;
};

const plugins = structure("system.PluginsInfo", {
  Volume: listShape(),
  Network: listShape(),
  Authorization: listShape(),
  Log: listShape(),
});
const runtimes = map(structure("system.RuntimeWithStatus", { path: any }));

function listShape(): typeof any {
  return { zero: () => [], of: (json) => json ?? [] };
}

function pluginText(installed: readonly Plugin[]): string {
  const lines = installed
    .filter(({ Err }) => Err === undefined)
    .map(
      ({ Name, Path, ShortDescription, Vendor, Version }) =>
        `  ${Name}: ${ShortDescription ?? ""} (${Vendor ?? ""})\n    Version:  ${Version ?? ""}\n    Path:     ${Path}\n`,
    );
  return lines.length === 0 ? "" : ` Plugins:\n${lines.join("")}`;
}

function templated(
  format: string,
  invocation: Invocation,
): (server: InfoResponse, installed: readonly Plugin[]) => string {
  let render: (data: unknown) => string;
  try {
    render = compileTemplate(format);
  } catch (error) {
    throw new BerthError("invalid-parameter", `template parsing error: ${messageOf(error)}`, { cause: error });
  }
  return (server, installed) => {
    const { Context: _context, ...client } = clientInfo(invocation, CLIENT_API_VERSION);
    const fields = {
      ...server,
      Plugins: plugins.of(server.Plugins),
      Runtimes: runtimes.of(server.Runtimes),
      ClientInfo: struct(
        { Debug: false, ...client, Context: invocation.contextName, Plugins: installed, Warnings: null },
        { typeName: "system.clientInfo", fields: [], aliases: {} },
      ),
    };
    return `${render(struct(fields, { typeName: "system.dockerInfo", fields: [], aliases: {} }))}\n`;
  };
}

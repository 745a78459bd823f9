import { messageOf } from "#base/errors.ts";
import type { Handler, Invocation } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { naturalOrder } from "../format/natural-order.ts";
import { ellipsis } from "../format/shorten.ts";
import { DEFAULT_CONTEXT, ENGINE_ENDPOINT, type ContextMetadata } from "./context-metadata.ts";
import { contextStore, defaultMetadata } from "./contexts.ts";

const COLUMNS = ["Name", "Description", "DockerEndpoint", "Error"];
const DESCRIPTION_LETTERS = 60;
const ERROR_LETTERS = 45;

/** `context ls`: `default` and the stored ones; the one in use is marked even when it is not there. */
export const listContexts: Handler = async (invocation) => {
  const { flags, io, contextName } = invocation;
  const asked = flags.text("format");
  const quiet = flags.on("quiet") && asked === "";
  const isTable = asked === "" || asked === "table";
  const defaultTable = tableOf(COLUMNS).replace("{{.Name}}", "{{.Name}}{{if .Current}} *{{end}}");
  const print = rowFormatter(quiet ? "{{.Name}}" : isTable ? defaultTable : asked, {
    typeName: "*formatter.clientContextContext",
    headers: { Current: "", DockerEndpoint: "DOCKER ENDPOINT" },
    columns: COLUMNS,
  });
  const known = [defaultMetadata(invocation.defaultEngine), ...contextStore(invocation).all()];
  const rows = known.map((metadata) => contextRow(metadata, contextName));
  const current = known.some(({ Name }) => Name === contextName) ? [] : [missingRow(invocation)];
  io.stdout.write(print([...rows, ...current].toSorted((a, b) => naturalOrder(String(a["Name"]), String(b["Name"])))));
  const variable = ["BERTH_HOST", "DOCKER_HOST"].find((each) => Boolean(io.env[each]));
  if (contextName === DEFAULT_CONTEXT && variable !== undefined && !quiet) {
    io.stderr.write(
      `Warning: ${variable} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${variable} environment variable.\n`,
    );
  }
  return 0;
};

function contextRow({ Name, Metadata, Endpoints }: ContextMetadata, current: string): Row {
  return {
    Current: Name === current,
    Description: ellipsis(Metadata.Description ?? "", DESCRIPTION_LETTERS),
    DockerEndpoint: Endpoints[ENGINE_ENDPOINT]?.Host ?? "",
    Error: "",
    Name,
  };
}

function missingRow(invocation: Invocation): Row {
  const { contextName } = invocation;
  const row = { Current: true, Description: "", DockerEndpoint: "", Name: contextName };
  try {
    contextStore(invocation).read(contextName);
    return { ...row, Error: "" };
  } catch (error) {
    return { ...row, Error: ellipsis(messageOf(error), ERROR_LETTERS) };
  }
}

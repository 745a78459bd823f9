import type { Exposure } from "#spec/berth/exposure.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";

const HEADERS = { ContainerPort: "TO" } as const;
const COLUMNS = ["Address", "Port", "Protocol", "From", "Firewall", "Container", "ContainerPort", "Network"];

/** `network exposure`: what of running containers is reached from where. */
export const exposure: Handler = async ({ flags, io, client }) => {
  const asked = flags.text("format");
  const print = rowFormatter(asked === "" || asked === "table" ? tableOf(COLUMNS) : asked, {
    typeName: "*network.exposureContext",
    headers: HEADERS,
    columns: COLUMNS,
    mistake: "template parsing error",
  });
  io.stdout.write(print((await (await client()).networks.exposure()).map(row)));
  return 0;
};

function row({ Port, ContainerPort, From, ...rest }: Exposure): Row {
  return {
    ...rest,
    Port: Port === 0 ? "all" : String(Port),
    ContainerPort: ContainerPort === 0 ? "all" : String(ContainerPort),
    From: From.join(","),
  };
}

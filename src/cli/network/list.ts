import { shortId } from "#base/ids.ts";
import { goTime } from "#base/time.ts";
import type { NetworkResource } from "#spec/docker/network.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { naturalOrder } from "../format/natural-order.ts";

const HEADERS = { ID: "NETWORK ID", CreatedAt: "CREATED AT" } as const;
const COLUMNS = ["ID", "Name", "Driver", "Scope"];

/** `network ls`. */
export const listNetworks: Handler = async ({ flags, io, client, config }) => {
  const quiet = flags.on("quiet");
  const asked = flags.text("format") || (quiet ? "" : (config.file.networksFormat ?? ""));
  const format = asked === "" || asked === "table" ? (quiet ? "{{.ID}}" : tableOf(COLUMNS)) : asked;
  const print = rowFormatter(format, {
    typeName: "*network.networkContext",
    headers: HEADERS,
    columns: COLUMNS,
    mistake: "template parsing error",
  });
  const networks = await (await client()).networks.list(flags.filters());
  const truncate = !flags.on("no-trunc");
  const sorted = networks.toSorted((a, b) => naturalOrder(a.Name, b.Name));
  io.stdout.write(print(sorted.map((network) => networkRow(network, truncate))));
  return 0;
};

function networkRow(network: NetworkResource, truncate: boolean): Row {
  const labels = network.Labels ?? {};
  return {
    CreatedAt: goTime(network.Created),
    Driver: network.Driver,
    ID: truncate ? shortId(network.Id) : network.Id,
    IPv4: String(network.EnableIPv4 ?? false),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    Name: network.Name,
    Scope: network.Scope,
    Label: (name: unknown) => labels[String(name)] ?? "",
  };
}

import { BerthError } from "#base/errors.ts";
import { containerRow } from "#cli/container/list.ts";
import { displayPorts } from "#cli/container/ports.ts";
import { rowFormatter, tableOf, type Row } from "#cli/format/format-list.ts";
import { struct } from "#base/template/struct.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import { alignTable } from "#cli/format/table.ts";
import { decimalSize, humanDuration } from "#base/units.ts";
import { label } from "../engine/labels.ts";
import type { ObservedContainer } from "../engine/observe.ts";
import type { ComposeHandler } from "./subcommand.ts";
import { containerOf, containersOf, openProjectName } from "./session.ts";

const psColumns = ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"];
const psHeaders = { RunningFor: "CREATED" } as const;

/** `ps`. */
export const ps: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const { name, project, active } = await openProjectName(invocation);
  const found = await containersOf(await invocation.client(), name, args, { project, oneOff: flags.on("all") });
  const statuses = [...flags.list("status"), ...filterStatus(flags.text("filter"))];
  const known = (service: string): boolean => project === undefined || active.has(service) || args.includes(service);
  const shown = found.filter(
    ({ state, service }) =>
      (statuses.length > 0
        ? statuses.includes(state)
        : flags.on("all") || (state !== "exited" && state !== "created" && state !== "dead")) &&
      (flags.on("orphans") || known(service)),
  );
  if (flags.on("quiet") || flags.on("services")) {
    const lines = flags.on("quiet") ? shown.map(({ id }) => id) : [...new Set(shown.map(({ service }) => service))];
    io.stdout.write(lines.map((line) => `${line}\n`).join(""));
    return 0;
  }
  const format = flags.text("format");
  const isTable = format === "" || format === "table";
  const width = isTable && !flags.on("no-trunc") ? io.stdout.windowSize()?.columns || undefined : undefined;
  const print = rowFormatter(isTable ? tableOf(psColumns) : format, {
    typeName: "*formatter.ContainerContext",
    mistake: "template parsing error",
    headers: psHeaders,
    columns: psColumns,
    fit:
      width === undefined
        ? undefined
        : {
            width,
            shrinkable: ["Command", "Image", "Ports", "RunningFor", "Status"],
            leftOut: ["Command", "Image", "RunningFor"],
          },
  });
  const now = io.now();
  io.stdout.write(print(shown.map((container) => psRow(container, now, !flags.on("no-trunc")))));
  return 0;
};

function filterStatus(filter: string): readonly string[] {
  if (filter === "") return [];
  const [key, value = ""] = filter.split("=");
  if (key === "status") return [value];
  // docker-compat: docker compose names this filter and has none either.
  if (key === "source") throw new BerthError("not-implemented", "filter 'source' is not implemented");
  throw new BerthError("invalid-parameter", `unknown filter ${key ?? ""}`);
}

function psRow(container: ObservedContainer, now: number, truncate: boolean): Row {
  const { summary, service, name, labels } = container;
  const row = containerRow(summary, { now, truncate });
  const health = /\((healthy|unhealthy|health: starting)\)/u.exec(summary.Status)?.[1] ?? "";
  return {
    Command: row["Command"],
    CreatedAt: row["CreatedAt"],
    ExitCode: /^Exited \((\d+)\)/u.exec(summary.Status)?.[1] ?? 0,
    Health: health === "health: starting" ? "starting" : health,
    ID: truncate ? container.id.slice(0, 12) : container.id,
    Image: summary.Image,
    Labels: row["Labels"],
    LocalVolumes: row["LocalVolumes"],
    Mounts: row["Mounts"],
    Name: name,
    Names: name,
    Networks: row["Networks"],
    Ports: displayPorts(summary.Ports),
    Project: labels[label.project] ?? "",
    Publishers: summary.Ports.toSorted((a, b) => a.PrivatePort - b.PrivatePort).map(publisher),
    RunningFor: row["RunningFor"],
    Service: service,
    Size: row["Size"],
    State: summary.State,
    Status: summary.Status,
  };
}

const publisher = ({ IP, PrivatePort, PublicPort, Type }: ContainerSummary["Ports"][number]): unknown =>
  struct(
    { URL: IP ?? "", TargetPort: PrivatePort, PublishedPort: PublicPort ?? 0, Protocol: Type },
    { typeName: "api.PortPublisher", fields: ["URL", "TargetPort", "PublishedPort", "Protocol"], aliases: {} },
  );

/** docker-compat: the words for a format that is neither. */
function requireTableOrJson(format: string): void {
  if (format !== "" && format !== "table" && format !== "json")
    throw new BerthError(
      "invalid-parameter",
      `format value ${JSON.stringify(format)} could not be parsed: parsing failed`,
    );
}

/** `ls`: every project that has containers. */
export const projects: ComposeHandler = async ({ flags, io, client }) => {
  requireTableOrJson(flags.text("format"));
  const unknown = Object.keys(flags.filters()).find((key) => key !== "name");
  if (unknown !== undefined) throw new BerthError("invalid-parameter", `invalid filter '${unknown}'`);
  const containers = await (await client()).containers.list({ all: true, filters: { label: [label.project] } });
  const byName = Map.groupBy(
    containers.filter(({ Labels }) => Labels[label.oneOff] !== "True"),
    ({ Labels }) => Labels[label.project] ?? "",
  );
  const wanted = flags.filters()["name"];
  const rows = [...byName]
    .filter(
      ([name, own]) =>
        (flags.on("all") || own.some(({ State }) => State === "running")) &&
        (wanted === undefined || wanted.some((text) => new RegExp(text, "u").test(name))),
    )
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([Name, own]) => ({
      Name,
      Status: [...Map.groupBy(own, ({ State }) => State)]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([state, of]) => `${state}(${of.length})`)
        .join(", "),
      ConfigFiles: own[0]?.Labels[label.configFiles] ?? "N/A",
    }));
  if (flags.on("quiet")) io.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(""));
  else if (flags.text("format") === "json") io.stdout.write(`${JSON.stringify(rows)}\n`);
  else
    io.stdout.write(
      alignTable(
        ["NAME\tSTATUS\tCONFIG FILES", ...rows.map((row) => `${row.Name}\t${row.Status}\t${row.ConfigFiles}`), ""].join(
          "\n",
        ),
      ),
    );
  return 0;
};

/** `images`: what the project's containers are made of. */
export const images: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  requireTableOrJson(flags.text("format"));
  const { name, project } = await openProjectName(invocation);
  const client = await invocation.client();
  const containers = await containersOf(client, name, args, { project });
  const now = io.now();
  const rows = await Promise.all(
    containers.map(async ({ name: ContainerName, summary }) => {
      const image = await client.images.inspect(summary.ImageID);
      const reference = image.RepoTags[0] ?? "";
      const colon = reference.lastIndexOf(":");
      return {
        ContainerName,
        ID: image.Id,
        Repository: colon === -1 ? "<none>" : reference.slice(0, colon),
        Tag: colon === -1 ? "<none>" : reference.slice(colon + 1),
        Platform: `${image.Os}/${image.Architecture}`,
        Size: image.Size,
        Created: image.Created,
        LastTagTime: image.Metadata.LastTagTime,
      };
    }),
  );
  if (flags.on("quiet"))
    io.stdout.write([...new Set(rows.map(({ ID }) => ID))].map((id) => `${id.replace(/^sha256:/u, "")}\n`).join(""));
  else if (flags.text("format") === "json") io.stdout.write(`${JSON.stringify(rows)}\n`);
  else {
    const lines = rows.map((row) =>
      [
        row.ContainerName,
        row.Repository,
        row.Tag,
        row.Platform,
        row.ID.replace(/^sha256:/u, "").slice(0, 12),
        decimalSize(row.Size, 3),
        `${humanDuration(now - Date.parse(row.Created))} ago`,
      ].join("\t"),
    );
    io.stdout.write(
      alignTable(["CONTAINER\tREPOSITORY\tTAG\tPLATFORM\tIMAGE ID\tSIZE\tCREATED", ...lines, ""].join("\n")),
    );
  }
  return 0;
};

/** `port SERVICE PRIVATE_PORT`. */
export const port: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const [service = "", written = ""] = args;
  if (!/^\d+$/u.test(written))
    throw new BerthError("invalid-parameter", `strconv.ParseUint: parsing ${JSON.stringify(written)}: invalid syntax`);
  const { name, project } = await openProjectName(invocation);
  const client = await invocation.client();
  await containersOf(client, name, [service], { project });
  const container = await containerOf(client, name, service, flags.number("index"));
  const protocol = flags.text("protocol");
  const found = container.summary.Ports.find(
    ({ PrivatePort, Type, PublicPort }) =>
      PrivatePort === Number(written) && Type === protocol && PublicPort !== undefined,
  );
  if (found === undefined)
    throw new BerthError(
      "not-found",
      `no port ${written}/${protocol} for container ${container.name}: ${displayPorts(container.summary.Ports)}`,
    );
  io.stdout.write(`${found.IP?.includes(":") === true ? `[${found.IP}]` : (found.IP ?? "")}:${found.PublicPort}\n`);
  return 0;
};

/** `top`. */
export const top: ComposeHandler = async (invocation) => {
  const { io, args } = invocation;
  const { name, project } = await openProjectName(invocation);
  const client = await invocation.client();
  const running = (await containersOf(client, name, args, { project })).filter(({ state }) => state === "running");
  const lines: string[] = [];
  for (const container of running) {
    const { Titles, Processes } = await client.containers.top(container.id);
    if (lines.length === 0) lines.push(["SERVICE", "#", ...Titles].join("\t"));
    for (const process of Processes ?? [])
      lines.push([container.service, String(container.number), ...process].join("\t"));
  }
  if (lines.length > 0) io.stdout.write(alignTable(`${lines.join("\n")}\n`, 0));
  return 0;
};

/** `volumes`: those the project's containers use. */
export const volumes: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const { name, project } = await openProjectName(invocation);
  const client = await invocation.client();
  const used = new Set(
    (await containersOf(client, name, args, { project })).flatMap(({ summary }) =>
      summary.Mounts.flatMap(({ Type, Name }) => (Type === "volume" && Name !== undefined ? [Name] : [])),
    ),
  );
  const own = (await client.volumes.list()).filter((volume) => used.has(volume.Name));
  const { volumeList } = await import("#cli/volume/list.ts");
  io.stdout.write(volumeList(own, { format: flags.on("quiet") ? "" : flags.text("format"), quiet: flags.on("quiet") }));
  return 0;
};

/** `version`. */
export const version: ComposeHandler = ({ flags, io, clientVersion }) => {
  const json = flags.text("format") === "json";
  io.stdout.write(
    flags.on("short")
      ? `${clientVersion}\n`
      : json
        ? `${JSON.stringify({ version: clientVersion })}\n`
        : `Berth Compose version ${clientVersion}\n`,
  );
  return Promise.resolve(0);
};

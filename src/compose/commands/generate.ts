import { BerthError } from "#base/errors.ts";
import { formatDuration } from "#base/units.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { ContainerInspect } from "#spec/docker/container.ts";
import { label } from "../engine/labels.ts";
import { asYaml } from "../model/printed.ts";
import { defined } from "../engine/resources.ts";
import { normalizedName } from "../load/project-name.ts";
import type { ComposeHandler } from "./subcommand.ts";

type Json = Readonly<Record<string, unknown>>;

/** `alpha generate CONTAINER…`: a Compose file that makes containers like these. */
export const generate: ComposeHandler = async ({ flags, args, io, client }) => {
  const format = flags.text("format");
  if (format !== "yaml" && format !== "json")
    throw new BerthError("invalid-parameter", `unsupported format ${JSON.stringify(format)}`, {
      hint: "It is yaml or json.",
    });
  const found = await inspected(await client(), args);
  const services: Record<string, Json> = {};
  const networks: Record<string, Json> = {};
  const volumes: Record<string, Json> = {};
  for (const container of found) {
    const name = container.Config.Labels?.[label.service] ?? container.Name.replace(/^\//u, "");
    const scale = ((services[name]?.["scale"] as number | undefined) ?? 0) + 1;
    services[name] = { ...serviceOf(container, networks, volumes), ...(scale > 1 ? { scale } : {}) };
  }
  const project = flags.text("name") || normalizedName(flags.text("project-dir").split("/").at(-1) ?? "");
  const file = defined({ name: project || undefined, services, networks: some(networks), volumes: some(volumes) });
  io.stdout.write(format === "json" ? `${JSON.stringify(file, undefined, 2)}\n` : asYaml(file));
  return 0;
};

async function inspected(client: EngineClient, names: readonly string[]): Promise<readonly ContainerInspect[]> {
  return Promise.all(names.map((name) => client.containers.inspect(name)));
}

/** Networks and volumes that it uses are noted. */
function serviceOf(container: ContainerInspect, networks: Record<string, Json>, volumes: Record<string, Json>): Json {
  const { Config, HostConfig, Mounts, NetworkSettings } = container;
  const labels = Object.entries(Config.Labels ?? {}).filter(
    ([key]) => !/^(?:com\.docker\.compose|berth\.compose)\./u.test(key),
  );
  const mounts = Mounts.map(({ Type, Name, Source, Destination, RW }): Json => {
    if (Type === "volume" && Name !== undefined) volumes[Name] = { name: Name, external: true };
    return defined({
      type: Type,
      source: Type === "volume" ? Name : Source,
      target: Destination,
      read_only: RW ? undefined : true,
    });
  });
  const own = Object.keys(NetworkSettings.Networks).filter((name) => !["bridge", "host", "none"].includes(name));
  for (const name of own) networks[name] = { name, external: true };
  const ports = Object.entries(HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      const [target = "", protocol = "tcp"] = port.split("/");
      return defined({
        target: Number(target),
        published: HostPort || undefined,
        host_ip: HostIp || undefined,
        protocol,
      });
    }),
  );
  return defined({
    image: Config.Image,
    command: Config.Cmd?.length ? Config.Cmd : undefined,
    environment: Config.Env?.length ? Config.Env : undefined,
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    healthcheck: healthOf(Config.Healthcheck),
    volumes: mounts.length === 0 ? undefined : mounts,
    ports: ports.length === 0 ? undefined : ports,
    network_mode: own.length === 0 && HostConfig.NetworkMode !== "default" ? HostConfig.NetworkMode : undefined,
    networks: own.length === 0 ? undefined : Object.fromEntries(own.map((name) => [name, null])),
  });
}

function healthOf(health: ContainerInspect["Config"]["Healthcheck"]): Json | undefined {
  if (health === undefined || health === null) return undefined;
  const duration = (nanoseconds: number | undefined): string | undefined =>
    nanoseconds ? formatDuration(BigInt(nanoseconds)) : undefined;
  return defined({
    test: health.Test,
    interval: duration(health.Interval),
    timeout: duration(health.Timeout),
    start_period: duration(health.StartPeriod),
    start_interval: duration(health.StartInterval),
    retries: health.Retries || undefined,
  });
}

const some = (values: Record<string, Json>): Json | undefined =>
  Object.keys(values).length === 0 ? undefined : values;

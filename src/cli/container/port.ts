import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";

/** `port`: where a container's ports are published; all of them, or one. */
export const port: Handler = async ({ args, io, client }) => {
  const [name = "", asked] = args;
  const { NetworkSettings } = await (await client()).containers.inspect(name);
  const ports = NetworkSettings.Ports ?? {};
  if (asked === undefined) {
    const lines = Object.entries(ports).flatMap(([key, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => `${key} -> ${joined(HostIp, HostPort)}`),
    );
    io.stdout.write(
      lines
        .toSorted(byPort)
        .map((line) => `${line}\n`)
        .join(""),
    );
    return 0;
  }
  const [number = "", protocol = "tcp"] = asked.split("/");
  if (!/^\d+(?:-\d+)?$/.test(number)) {
    const reason = `strconv.ParseUint: parsing ${JSON.stringify(number)}: invalid syntax`;
    throw new BerthError("invalid-parameter", `Error: invalid port (${number}): ${reason}`);
  }
  const bindings = ports[`${number}/${protocol}`];
  if (bindings === undefined || bindings === null || bindings.length === 0) {
    throw new BerthError("not-found", `Error: No public port '${asked}' published for ${name}`);
  }
  io.stdout.write(bindings.map(({ HostIp, HostPort }) => `${joined(HostIp, HostPort)}\n`).join(""));
  return 0;
};

function joined(ip: string, hostPort: string): string {
  return ip.includes(":") ? `[${ip}]:${hostPort}` : `${ip}:${hostPort}`;
}

function byPort(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}

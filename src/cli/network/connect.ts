import type { Handler } from "../command.ts";
import { filledByEngine } from "../container/options/endpoints.ts";

/** `network connect`. */
export const connect: Handler = async ({ flags, args, client }) => {
  const [network = "", container = ""] = args;
  const [ip, ip6] = [flags.text("ip"), flags.text("ip6")];
  const linkLocalIps = flags.list("link-local-ip");
  const links = flags.list("link");
  const endpoint = {
    IPAMConfig: {
      ...(ip === "" ? {} : { IPv4Address: ip }),
      ...(ip6 === "" ? {} : { IPv6Address: ip6 }),
      ...(linkLocalIps.length === 0 ? {} : { LinkLocalIPs: linkLocalIps }),
    },
    Links: links.length === 0 ? null : links,
    Aliases: flags.list("alias"),
    MacAddress: "",
    DriverOpts: Object.fromEntries(flags.list("driver-opt").map(driverOption)),
    GwPriority: flags.number("gw-priority"),
    ...filledByEngine,
  };
  await (await client()).networks.connect(network, container, endpoint);
  return 0;
};

function driverOption(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  const key = text.slice(0, Math.max(equals, 0)).trim();
  if (key === "") throw new Error("invalid key/value pair format in driver options");
  return [key, text.slice(equals + 1).trim()];
}

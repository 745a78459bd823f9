import { pairs } from "../container/options/resource-options.ts";
import type { Handler } from "../command.ts";
import { map } from "../flags/flag-kind.ts";
import { ipamPools } from "./ipam-pools.ts";

/** `network create`: prints the id. */
export const createNetwork: Handler = async ({ flags, args, io, client }) => {
  const [Name = ""] = args;
  const configFrom = flags.text("config-from");
  const body = {
    Name,
    Driver: flags.text("driver"),
    Scope: flags.text("scope"),
    ...(flags.given("ipv4") ? { EnableIPv4: flags.on("ipv4") } : {}),
    ...(flags.given("ipv6") ? { EnableIPv6: flags.on("ipv6") } : {}),
    IPAM: {
      Driver: flags.text("ipam-driver"),
      Options: flags.get("ipam-opt", map),
      Config: ipamPools({
        subnets: flags.list("subnet"),
        ranges: flags.list("ip-range"),
        gateways: flags.list("gateway"),
        auxiliary: flags.get("aux-address", map),
      }),
    },
    Internal: flags.on("internal"),
    Attachable: flags.on("attachable"),
    Ingress: flags.on("ingress"),
    ConfigOnly: flags.on("config-only"),
    ConfigFrom: configFrom === "" ? null : { Network: configFrom },
    Options: flags.get("opt", map),
    Labels: pairs(flags.list("label")),
  };
  const { Id } = await (await client()).networks.create(body);
  io.stdout.write(`${Id}\n`);
  return 0;
};

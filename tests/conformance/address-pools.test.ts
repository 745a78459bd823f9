/** Where networks get their subnets from when nobody gives one: docker 26.1 and ours with the same small pools, row by row. */
import { describe, setDefaultTimeout } from "bun:test";
import { besideDocker } from "./walk/beside-docker.ts";
import { net } from "./walk/requests.ts";
import { rows } from "./walk/row.ts";

setDefaultTimeout(180_000);

const pools = ["base=10.90.0.0/22,size=24", "base=10.91.0.0/24,size=26", "base=fd90::/62,size=64"];
/** As newer versions say it. */
const noneLeft =
  '400 {"message":"all predefined address pools have been fully subnetted. Name a free subnet with --subnet, or more pools with --default-address-pool."}';

const compare = besideDocker({
  daemonArgs: pools.flatMap((pool) => ["--default-address-pool", pool]),
  formerWords: [],
  differences: { "pools: none is left": { 8: noneLeft, 11: noneLeft } },
});

const made = (names: string, body: object = {}): readonly string[] =>
  names.split("").map((Name) => net({ Name, ...body }));
const subnets = (names: string): readonly string[] =>
  names.split("").map((name) => `GET /networks/${name} .IPAM.Config.*.Subnet`);
const given = (Name: string, Subnet: string): string => net({ Name, IPAM: { Config: [{ Subnet }] } });

describe("address pools", () =>
  compare(
    "pools",
    rows({
      "one after the other, and the next pool": [...made("abcdef"), ...subnets("abcdef")],
      "none is left": [...made("abcdefghi"), "DELETE /networks/c", ...made("ij")],
      "what somebody was given is passed over": [
        given("x", "10.90.0.0/24"),
        given("y", "10.90.2.128/25"),
        ...made("abc"),
        ...subnets("abc"),
      ],
      "of IPv6": [...made("a", { EnableIPv6: true }), "GET /networks/a .IPAM.Config.1.Subnet"],
    }),
  ));

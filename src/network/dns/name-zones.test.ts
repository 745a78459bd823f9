import { expect, test } from "bun:test";
import type { KnownRecords } from "#host/sockets/name-responder.ts";
import { NameTable, type Member } from "./name-table.ts";
import { NameZones } from "./name-zones.ts";

const member = (containerName: string, networkName: string, ipv4: string, more: Partial<Member> = {}): Member => ({
  containerId: containerName.padEnd(64, "0"),
  networkId: `id of ${networkName}`,
  networkName,
  containerName,
  names: [],
  links: [],
  ipv4,
  ipv6: "",
  ...more,
});

/** What the responder would say to a container about a name of type A: the last byte of each address. */
function open() {
  const told = new Map<string, KnownRecords>();
  const table: NameTable = new NameTable((networkId, names) => fed.renew(networkId, names));
  const fed = new NameZones({
    table,
    responder: {
      tell(zone, question, known) {
        const key = `${zone} ${question.toHex()}`;
        if (known === undefined) told.delete(key);
        else told.set(key, known);
      },
    },
  });
  const ask = (container: string, name: string, type = 1): readonly number[] | "elsewhere" | undefined => {
    const labels = name.split(".").map((label) => `${String.fromCharCode(label.length)}${label}`);
    const question = Buffer.from(`${labels.join("")}\0\0${String.fromCharCode(type)}\0\u0001`, "latin1").toHex();
    const found = fed
      .zonesOf(container.padEnd(64, "0"))
      .map((zone) => told.get(`${zone} ${question}`))
      .find((known) => known !== undefined);
    return typeof found === "object" ? found.map((record) => record.at(-1) ?? 0) : found;
  };
  return { table, told, ask };
}

test("names of a container's own networks, alone and with the network's, of both families", () => {
  const { table, ask } = open();
  table.join(member("Web", "Front", "10.0.0.2", { names: ["site"], ipv6: "fd00::22" }));
  table.join(member("db", "back", "10.0.1.3"));
  table.join(member("api", "Front", "10.0.0.4", { names: ["site"] }));
  expect(ask("api", "web")).toEqual([2]);
  expect(ask("api", "web.front")).toEqual([2]);
  expect(ask("api", "web", 28)).toEqual([0x22]);
  expect(ask("api", "api", 28)).toEqual([]);
  expect(ask("api", "site")).toEqual([2, 4]);
  expect(ask("api", "db")).toBeUndefined();
  expect(ask("db", "web")).toBeUndefined();
  table.join(member("api", "back", "10.0.1.4"));
  expect(ask("api", "db")).toEqual([3]);
  expect(ask("api", "api")).toEqual([4]);
});

test("what was renamed or has left is known no more, and nothing of it is left", () => {
  const { table, told, ask } = open();
  table.join(member("web", "front", "10.0.0.2"));
  table.rename("web".padEnd(64, "0"), "shop");
  expect(ask("web", "shop.front")).toEqual([2]);
  expect(ask("web", "web")).toBeUndefined();
  table.join(member("a.front", "front", "10.0.0.3"));
  table.join(member("a", "front", "10.0.0.4"));
  expect(ask("web", "a.front")).toEqual([3]);
  table.leave("a.front".padEnd(64, "0"), "id of front");
  expect(ask("web", "a.front")).toEqual([4]);
  table.leave("a".padEnd(64, "0"), "id of front");
  table.leave("web".padEnd(64, "0"), "id of front");
  expect(ask("web", "shop")).toBeUndefined();
  expect(told.size).toBe(0);
});

test("links of one container, and names that the responder would read otherwise, are left to the resolver", () => {
  const { table, told, ask } = open();
  table.join(member("db", "front", "10.0.0.3", { names: ["4.3.2.1.in-addr.arpa", "back\\slash", "größe", "a..b"] }));
  table.join(member("web", "front", "10.0.0.2", { links: [{ alias: "Store", target: "db" }] }));
  table.join(member("store", "front", "10.0.0.9"));
  expect(ask("web", "store")).toBe("elsewhere");
  expect(ask("web", "store.front")).toBe("elsewhere");
  expect(ask("db", "store")).toEqual([9]);
  expect(ask("web", "4.3.2.1.in-addr.arpa")).toBeUndefined();
  for (const id of ["db", "web", "store"]) table.leave(id.padEnd(64, "0"), "id of front");
  ask("web", "store");
  expect(told.size).toBe(0);
});

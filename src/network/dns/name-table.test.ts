import { expect, test } from "bun:test";
import { NameTable, type Member } from "./name-table.ts";

const place = (containerName: string, networkName: string, ipv4: string, names: readonly string[] = []): Member => ({
  containerId: containerName.padEnd(64, "0"),
  networkId: `id of ${networkName}`,
  networkName,
  containerName,
  names,
  links: [],
  ipv4,
  ipv6: "",
});
const idOf = (name: string): string => name.padEnd(64, "0");

function tableOf(...members: readonly Member[]): NameTable {
  const table = new NameTable();
  for (const member of members) table.join(member);
  return table;
}

test("a link is a name for one container alone, in the network it was made in", () => {
  const table = tableOf(
    {
      ...place("web", "back", "10.0.1.2"),
      links: [
        { alias: "Store", target: "DB" },
        { alias: "gone", target: "no" },
      ],
    },
    place("web", "front", "10.0.0.2"),
    place("db", "back", "10.0.1.3"),
    place("store", "front", "10.0.0.9"),
  );
  const see = (who: string, name: string): readonly string[] | undefined => table.resolve(idOf(who), name)?.ipv4;
  expect(see("web", "store")).toEqual(["10.0.1.3"]);
  expect(see("web", "store.back")).toEqual(["10.0.1.3"]);
  expect(see("web", "store.front")).toEqual(["10.0.0.9"]);
  expect(see("web", "gone")).toBeUndefined();
  expect(see("db", "store")).toBeUndefined();
  table.rename(idOf("db"), "other");
  expect(see("web", "store.back")).toBeUndefined();
});

test("a container sees the names of its own networks, and its own", () => {
  const table = tableOf(
    place("web", "front", "10.0.0.2", ["Site"]),
    place("web", "back", "10.0.1.2"),
    place("db", "back", "10.0.1.3"),
    place("client", "front", "10.0.0.3"),
  );
  const see = (who: string, name: string): readonly string[] | undefined => table.resolve(idOf(who), name)?.ipv4;
  expect(see("client", "web")).toEqual(["10.0.0.2"]);
  expect(see("client", "SITE")).toEqual(["10.0.0.2"]);
  expect(see("client", "web.FRONT")).toEqual(["10.0.0.2"]);
  expect(see("client", "web.back")).toBeUndefined();
  expect(see("client", "db")).toBeUndefined();
  expect(see("client", "client")).toEqual(["10.0.0.3"]);
  expect(see("db", "web")).toEqual(["10.0.1.2"]);
  expect(see("web", "db.back")).toEqual(["10.0.1.3"]);
  expect(see("web", idOf("db").slice(0, 12))).toEqual(["10.0.1.3"]);
  expect(see("web", "")).toBeUndefined();
  expect(see("stranger", "web")).toBeUndefined();
});

test("addresses lead back to names in shared networks only", () => {
  const table = tableOf(place("web", "front", "10.0.0.2"), place("db", "back", "10.0.1.2"));
  expect(table.reverse(idOf("web"), "10.0.0.2")).toBe("web.front");
  expect(table.reverse(idOf("web"), "10.0.1.2")).toBeUndefined();
  expect(table.reverse(idOf("web"), "")).toBeUndefined();
});

test("several holders of a name, and what is left when one leaves", () => {
  const table = tableOf(place("a", "net", "10.0.0.2", ["all"]), place("b", "net", "10.0.0.3", ["all"]));
  expect(table.resolve(idOf("a"), "all")?.ipv4).toEqual(["10.0.0.2", "10.0.0.3"]);
  expect(table.leave(idOf("a"), "id of net")).toBe(true);
  expect(table.leave(idOf("a"), "id of net")).toBe(true);
  expect(table.resolve(idOf("b"), "all")?.ipv4).toEqual(["10.0.0.3"]);
  expect(table.resolve(idOf("a"), "all")).toBeUndefined();
  table.join(place("b", "other", "10.0.1.3"));
  expect(table.leave(idOf("b"), "id of net")).toBe(false);
});

test("a renamed container has its new name everywhere and its aliases still", () => {
  const table = tableOf(place("a", "net", "10.0.0.2", ["alias"]), place("a", "other", "10.0.1.2"));
  table.rename(idOf("a"), "z");
  expect(table.resolve(idOf("a"), "a")).toBeUndefined();
  expect(table.resolve(idOf("a"), "z.other")?.ipv4).toEqual(["10.0.1.2"]);
  expect(table.resolve(idOf("a"), "alias")?.ipv4).toEqual(["10.0.0.2"]);
  expect(table.reverse(idOf("a"), "10.0.0.2")).toBe("z.net");
});

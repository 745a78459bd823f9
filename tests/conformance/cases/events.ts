import { expect, test } from "bun:test";
import { untilNow } from "../../../tools/lab/until-now.ts";
import type { Target } from "../target.ts";

interface Told {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

const since = (): string => String(Date.now() / 1000);

/** What is told between `from` and now. */
export async function eventsSince(target: Target, from: string, ...filters: readonly string[]): Promise<Told[]> {
  const flags = filters.flatMap((filter) => ["--filter", filter]);
  const printed = await target.ok([
    "events",
    "--since",
    from,
    "--until",
    untilNow(),
    "--format",
    "{{json .}}",
    ...flags,
  ]);
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Told);
}

const actions = (events: readonly Told[]): string[] => events.map(({ Type, Action }) => `${Type} ${Action}`);

/** What is told, in which order, with which attributes. */
export function eventCases(target: () => Target): void {
  test("events tell networks too, with all attributes", async () => {
    const from = since();
    await target().ok(["run", "-d", "--name", "told", "-l", "tier=web", "busybox", "sleep", "60"]);
    await target().ok(["rename", "told", "told2"]);
    await target().run(["exec", "told2", "sh", "-c", "exit 3"]);
    await target().ok(["kill", "-s", "WINCH", "told2"]);
    await target().ok(["restart", "-t", "0", "told2"]);
    await target().ok(["rm", "-f", "told2"]);
    const events = await eventsSince(target(), from);
    expect(actions(events)).toEqual([
      "container create",
      "network connect",
      "container start",
      "container rename",
      "container exec_create: sh -c exit 3",
      "container exec_start: sh -c exit 3",
      "container exec_die",
      "container kill",
      "container kill",
      "container kill",
      "container die",
      "network disconnect",
      "container stop",
      "network connect",
      "container start",
      "container restart",
      "container kill",
      "container die",
      "network disconnect",
      "container destroy",
    ]);
    const [created, connected, , renamed, , , execDied, winch] = events as [
      Told,
      Told,
      Told,
      Told,
      Told,
      Told,
      Told,
      Told,
    ];
    const common = { image: "busybox", tier: "web" };
    expect(created.Actor.Attributes).toEqual({ ...common, name: "told" });
    expect(connected.Actor.Attributes).toEqual({ container: created.Actor.ID, name: "bridge", type: "bridge" });
    expect(connected.Actor.ID).toMatch(/^[0-9a-f]{64}$/);
    expect(renamed.Actor.Attributes).toEqual({ ...common, name: "told2", oldName: "/told" });
    expect(execDied.Actor.Attributes).toEqual({
      ...common,
      name: "told2",
      execID: expect.stringMatching(/^[0-9a-f]{64}$/),
      exitCode: "3",
    });
    expect(winch.Actor.Attributes).toEqual({ ...common, name: "told2", signal: "28" });
    const died = events.findLast(({ Action }) => Action === "die");
    expect(died?.Actor.Attributes).toMatchObject({ ...common, name: "told2", exitCode: "137" });
  });

  test("a container that cannot start tells no start and no end", async () => {
    const from = since();
    await target().run(["run", "--name", "never", "busybox", "nope"]);
    await target().ok(["rm", "never"]);
    expect(actions(await eventsSince(target(), from))).toEqual([
      "container create",
      "container attach",
      "network connect",
      "network disconnect",
      "container destroy",
    ]);
  });

  test("an out of memory is told before the end", async () => {
    const from = since();
    await target().run(["run", "--name", "oom", "-m", "16m", "busybox", "sh", "-c", "tail -c 100m /dev/zero | tail"]);
    expect(actions(await eventsSince(target(), from, "container=oom")).slice(-2)).toEqual([
      "container oom",
      "container die",
    ]);
    await target().ok(["rm", "oom"]);
  });

  test("every filter", async () => {
    const from = since();
    await target().ok(["run", "-d", "--name", "sieve1", "-l", "a=b", "busybox", "sleep", "60"]);
    await target().run(["exec", "sieve1", "true"]);
    await target().ok(["rm", "-f", "sieve1"]);
    const id = (await eventsSince(target(), from))[0]?.Actor.ID ?? "";
    const life = [
      "container create",
      "container start",
      "container exec_create: true ",
      "container exec_start: true ",
      "container exec_die",
      "container kill",
      "container die",
      "container destroy",
    ];
    const network = ["network connect", "network disconnect"];
    const wanted: readonly (readonly [filters: readonly string[], told: readonly string[]])[] = [
      [["container=sieve1"], life],
      [["container=sie"], life],
      [[`container=${id.slice(0, 12)}`], life],
      [["container=ieve1"], []],
      [["container=bridge"], network],
      [["network=bri"], network],
      [["type=network"], network],
      [
        ["type=network", "type=container", "event=die", "event=disconnect"],
        ["container die", "network disconnect"],
      ],
      [["type=bogus"], []],
      [["image=busybox"], life],
      [["image=busy"], []],
      [["image=busybox:latest"], []],
      [["label=a"], life],
      [["label=a=b"], life],
      [["label=a=c"], []],
      [["event=exec_start"], ["container exec_start: true "]],
      [["event=exec"], []],
      [["scope=swarm"], []],
      [["volume=x"], []],
      [["daemon=x"], []],
      [["plugin=x"], []],
      [["node=x"], []],
      [["service=x"], []],
      [["secret=x"], []],
      [["config=x"], []],
    ];
    for (const [filters, told] of wanted) {
      const found = await eventsSince(target(), from, ...filters);
      expect([filters, actions(found)]).toEqual([filters, [...told]]);
    }
    expect(actions(await eventsSince(target(), from, "scope=local")).length).toBe(life.length + 2);
  });

  test("since and until cut sharply", async () => {
    const from = since();
    await target().ok(["create", "--name", "cut1", "busybox"]);
    await Bun.sleep(20);
    const middle = since();
    await Bun.sleep(20);
    await target().ok(["create", "--name", "cut2", "busybox"]);
    const names = (await eventsSince(target(), middle)).map(({ Actor }) => Actor.Attributes["name"]);
    expect(names).toEqual(["cut2"]);
    const before = await target().ok([
      "events",
      "--since",
      from,
      "--until",
      middle,
      "--filter",
      "container=cut",
      "--format",
      "{{.Actor.Attributes.name}}",
    ]);
    expect(before).toBe("cut1\n");
  });

  test("since 0 and until alone reach back to the beginning, until before since is refused", async () => {
    // The history knows what another client did before.
    const name = `old-${target().client}`;
    await target().ok(["create", "--name", name, "busybox"]);
    await target().ok(["rm", name]);
    await Bun.sleep(20);
    const filters = encodeURIComponent(JSON.stringify({ container: [name] }));
    const now = since();
    for (const query of [`since=0&until=${now}`, `until=${now}`, "since=0&until=0"]) {
      const { status, text } = await target().api("GET", `/events?${query}&filters=${filters}`);
      expect([query, status, text.trim().split("\n").length]).toEqual([query, 200, 2]);
    }
    expect(await target().ok(["events", "--since", "0", "--until", "1s", "-f", "container=nobody"])).toBe("");
    const { status, text } = await target().api("GET", "/events?since=2&until=1");
    expect([status, JSON.parse(text)]).toEqual([400, { message: "`since` time (2) cannot be after `until` time (1)" }]);
  });

  test("volumes are told when a container takes and leaves them", async () => {
    const from = since();
    const volumes = ["-v", "told-rw:/rw", "--mount", "type=volume,src=told-ro,dst=/ro,readonly"];
    await target().ok(["run", "--name", "taker", ...volumes, "-v", "/tmp:/host", "busybox", "true"]);
    await target().ok(["rm", "taker"]);
    await target().ok(["volume", "rm", "told-rw", "told-ro"]);
    const events = await eventsSince(target(), from);
    const id = events.find(({ Action }) => Action === "start")?.Actor.ID ?? "";
    const told = (name: string): (readonly [string, unknown])[] =>
      events.filter(({ Actor }) => Actor.ID === name).map(({ Action, Actor }) => [Action, Actor.Attributes]);
    for (const [name, destination, writable] of [
      ["told-rw", "/rw", "true"],
      ["told-ro", "/ro", "false"],
    ] as const) {
      const mounted = { container: id, destination, driver: "local", propagation: "", "read/write": writable };
      expect(told(name)).toEqual([
        ["create", { driver: "local" }],
        ["mount", mounted],
        ["unmount", { container: id, driver: "local" }],
        ["destroy", { driver: "local" }],
      ]);
    }
    expect(actions(events).slice(4)).toEqual([
      "network connect",
      "volume mount",
      "volume mount",
      "container start",
      "container die",
      "network disconnect",
      "volume unmount",
      "volume unmount",
      "container destroy",
      "volume destroy",
      "volume destroy",
    ]);

    const later = since();
    await target().ok(["run", "--rm", "-v", "/own", "busybox", "true"]);
    expect(actions(await eventsSince(target(), later, "type=volume", "type=container"))).toEqual([
      "volume create",
      "container create",
      "container attach",
      "volume mount",
      "container start",
      "container die",
      "volume unmount",
      "volume destroy",
      "container destroy",
    ]);
  });

  test("of a container that rests, leaving a network is told, joining one is not", async () => {
    await target().ok(["create", "--name", "resting", "busybox"]);
    await target().ok(["network", "create", "elsewhere"]);
    const from = since();
    await target().ok(["network", "connect", "elsewhere", "resting"]);
    await target().ok(["network", "disconnect", "elsewhere", "resting"]);
    await target().ok(["rm", "resting"]);
    await target().ok(["network", "rm", "elsewhere"]);
    const events = await eventsSince(target(), from, "type=network");
    expect(events.map(({ Action, Actor }) => [Action, Actor.Attributes["name"]])).toEqual([
      ["disconnect", "elsewhere"],
      ["destroy", "elsewhere"],
    ]);
  });
}

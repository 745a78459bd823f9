import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Target } from "../target.ts";

/** What becomes of a container's output: drivers, their options, and how it is read back. */
export function logCases(target: () => Target): void {
  const run = async (args: readonly string[], script: string): Promise<string> => {
    const id = (await target().ok(["run", "-d", ...args, "busybox", "sh", "-c", script])).trim();
    await target().ok(["wait", id]);
    return id;
  };
  const logs = (id: string, ...flags: string[]): Promise<string> => target().ok(["logs", ...flags, id]);
  const inspect = async (id: string, format: string): Promise<string> =>
    (await target().ok(["inspect", "-f", format, id])).trim();

  describe("json-file", () => {
    test("writes Docker's lines where inspect says", async () => {
      const options = ["labels=l1,l2", "env=E1", "tag={{.Name}}/{{.ImageName}}/{{.DaemonName}}"];
      const id = await run(
        [
          ...["--log-driver", "json-file", ...options.flatMap((option) => ["--log-opt", option])],
          ...["--label", "l1=v1", "--label", "l2=v<2>", "-e", "E1=x", "--name", "json-lines"],
        ],
        `printf 'a"b\\\\c<d>&\\t\\001 \\342\\200\\250 \\377\\n\\n'; head -c 20000 /dev/zero | tr '\\0' x; printf tail`,
      );
      const path = await inspect(id, "{{.LogPath}}");
      expect(path.endsWith(`/${id}/${id}-json.log`)).toBe(true);
      const attrs =
        '"stream":"stdout","attrs":{"E1":"x","l1":"v1","l2":"v\\u003c2\\u003e","tag":"json-lines/busybox/docker"},';
      const lines = readFileSync(path, "utf8")
        .split("\n")
        .map((line) => line.replace(/"time":"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"}$/, "T}"));
      expect(lines).toEqual([
        `{"log":"a\\"b\\\\c\\u003cd\\u003e\\u0026\\u0009\\u0001 \\u2028 \\ufffd\\n",${attrs}T}`,
        `{"log":"\\n",${attrs}T}`,
        `{"log":"${"x".repeat(16_384)}",${attrs}T}`,
        `{"log":"${"x".repeat(3616)}tail",${attrs}T}`,
        "",
      ]);
      expect(await logs(id, "--details", "--tail", "1")).toContain(
        "E1=x,l1=v1,l2=v%3C2%3E,tag=json-lines%2Fbusybox%2Fdocker ",
      );
    });

    test("keeps as many files as it is told", async () => {
      const options = ["max-size=10k", "max-file=3", "compress=true"];
      const id = await run(
        ["--log-driver", "json-file", ...options.flatMap((option) => ["--log-opt", option])],
        "for i in 1 2 3 4 5; do seq 1 300; sleep 0.2; done",
      );
      const directory = dirname(await inspect(id, "{{.LogPath}}"));
      const names = (): string[] =>
        readdirSync(directory)
          .filter((name) => name.includes("json.log") && !name.endsWith(".tmp"))
          .map((name) => name.replace(id, "ID"))
          .sort();
      while (names().join(" ") !== "ID-json.log ID-json.log.1.gz ID-json.log.2.gz") await Bun.sleep(20);
      const numbers = (await logs(id)).trimEnd().split("\n").map(Number);
      expect(numbers.at(-1)).toBe(300);
      for (const [index, number] of numbers.entries()) {
        if (index > 0) expect(number).toBe(((numbers[index - 1] ?? 0) % 300) + 1);
      }
    });
  });

  test("local has no path for others; none cannot be read", async () => {
    const local = await run(["--log-driver", "local"], "echo hi; echo err >&2");
    expect(await inspect(local, "{{.HostConfig.LogConfig.Type}}:{{.LogPath}}")).toBe("local:");
    expect(await logs(local)).toBe("hi\n");
    const none = await run(["--log-driver", "none"], "echo hi");
    expect(await inspect(none, "{{.HostConfig.LogConfig.Type}}:{{.LogPath}}")).toBe("none:");
    const refused = await target().run(["logs", none]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      "Error response from daemon: configured logging driver does not support reading\n",
    ]);
  });

  const refused: readonly (readonly [string, readonly string[], string])[] = [
    ["paper", [], 'error looking up logging plugin paper: plugin "paper" not found'],
    ["json-file", ["color=red"], "unknown log opt 'color' for json-file log driver"],
    ["local", ["color=red"], "unknown log opt 'color' for log driver local"],
    ["json-file", ["mode=x"], "logger: logging mode not supported: x"],
    ["json-file", ["max-buffer-size=1m"], "logger: max-buffer-size option is only supported with 'mode=non-blocking'"],
    ["json-file", ["max-size=x"], "failed to initialize logging driver: invalid size: 'x'"],
    ["json-file", ["max-size=1m", "max-file=0"], "failed to initialize logging driver: max-file cannot be less than 1"],
    ["json-file", ["tag={{"], "failed to initialize logging driver: template: log-tag:1: unclosed action"],
    [
      "local",
      ["max-file=x"],
      'failed to initialize logging driver: invalid value for max-file: x: strconv.Atoi: parsing "x": invalid syntax',
    ],
    ["syslog", ["syslog-address=foo"], "syslog-address should be in form proto://address, got foo"],
    ["syslog", ["syslog-facility=x"], "invalid syslog facility"],
    ["syslog", ["syslog-format=x"], "Invalid syslog format"],
    ["gelf", [], "gelf-address is a required parameter"],
    ["gelf", ["gelf-address=http://x"], "gelf-address should be in form proto://address, got http://x"],
    ["fluentd", ["fluentd-address=h:x"], 'invalid fluentd-address h:x: strconv.Atoi: parsing "x": invalid syntax'],
  ];
  for (const [driver, options, message] of refused) {
    test(`${driver} ${options.join(" ")} is refused by run`, async () => {
      const flags = ["--log-driver", driver, ...options.flatMap((option) => ["--log-opt", option])];
      const result = await target().run(["run", "--rm", ...flags, "busybox", "true"]);
      expect(result.code).toBe(125);
      expect(result.stderr).toContain(`Error response from daemon: ${message}\n`);
    });
  }

  describe("reading", () => {
    test("streams, tail, since and until, timestamps", async () => {
      const id = await run(
        [],
        "echo one; sleep 0.1; echo two >&2; sleep 1.1; echo three; sleep 0.1; echo four >&2; sleep 1.1; printf five",
      );
      const all = await target().run(["logs", id]);
      expect([all.stdout, all.stderr]).toEqual(["one\nthree\nfive", "two\nfour\n"]);
      expect((await target().run(["logs", "--tail", "2", id])).stdout).toBe("five");
      const stamped = await target().run(["logs", "-t", id]);
      expect(stamped.stdout).toMatch(/^(2[-\dT:]{18}\.\d{9}Z (one|three|five)(\n|$)){3}/);
      const time = /^(\S+) three$/m.exec(stamped.stdout)?.[1] ?? "";
      expect((await target().run(["logs", "--since", time, id])).stdout).toBe("three\nfive");
      expect((await target().run(["logs", "--until", time, id])).stdout).toBe("one\nthree\n");
      const seconds = (Date.parse(time) / 1000).toFixed(3);
      expect((await target().run(["logs", "--until", String(Number(seconds) - 0.5), id])).stdout).toBe("one\n");
      expect((await target().run(["logs", "--since", "1h", "--tail", "1", id])).stdout).toBe("five");
      expect((await target().run(["logs", "--since", "2099-01-01", id])).stdout).toBe("");
    });

    test("the API's parameters", async () => {
      const id = await run([], "echo one; echo two >&2");
      const get = (query: string) => target().api("GET", `/containers/${id}/logs?${query}`);
      const frame = (stream: number, text: string): string =>
        `${String.fromCharCode(stream)}\0\0\0\0\0\0${String.fromCharCode(text.length)}${text}`;
      expect(await get("stdout=1")).toEqual({ status: 200, text: frame(1, "one\n") });
      expect(await get("stderr=1&tail=all")).toEqual({ status: 200, text: frame(2, "two\n") });
      expect(await get("stdout=1&tail=-1")).toEqual({ status: 200, text: frame(1, "one\n") });
      expect(await get("stdout=1&tail=x")).toEqual({ status: 200, text: frame(1, "one\n") });
      expect(await get("stdout=1&tail=0")).toEqual({ status: 200, text: "" });
      expect(await get("stdout=1&until=1&since=2")).toEqual({ status: 200, text: "" });
      expect(await get("stdout=1&until=-5")).toEqual({ status: 200, text: "" });
      expect(await get("stdout=1&since=-5")).toEqual({ status: 200, text: frame(1, "one\n") });
      expect(await get("stdout=1&since=1.123456789123")).toEqual({ status: 200, text: frame(1, "one\n") });
      expect(await get("")).toEqual({
        status: 400,
        text: '{"message":"Bad parameters: you must choose at least one stream"}\n',
      });
      expect((await get("stdout=1&since=x")).text).toBe(
        '{"message":"strconv.ParseInt: parsing \\"x\\": invalid syntax"}\n',
      );
      expect((await get("stdout=1&until=1.5x")).text).toBe(
        '{"message":"strconv.ParseInt: parsing \\"5x\\": invalid syntax"}\n',
      );
    });

    test("a container that never ran has no log", async () => {
      await target().ok(["create", "--name", "never", "busybox", "true"]);
      expect(await target().api("GET", "/containers/never/logs?stdout=1&follow=1")).toEqual({ status: 200, text: "" });
    });

    test("following ends with the container, over rotations", async () => {
      const attached = target().start([
        ...["run", "--log-driver", "json-file", "--log-opt", "max-size=5k", "--log-opt", "max-file=2"],
        ...[
          "--name",
          "followed",
          "busybox",
          "sh",
          "-c",
          "echo 0; until [ -e /go ]; do sleep 0.1; done; for i in $(seq 1 400); do echo $i; usleep 2000; done",
        ],
      ]);
      // Of a container that does not run yet there is nothing to follow.
      await attached.waitFor(/0\n/u);
      const follower = target().start(["logs", "-f", "followed"]);
      await follower.waitFor(/0\n/u);
      await target().ok(["exec", "followed", "touch", "/go"]);
      expect(await follower.end()).toBe(0);
      const seen = follower.output().trimEnd().split("\n").map(Number);
      // dockerd 20.10 gives the line twice at which a file ends.
      expect([...new Set(seen)]).toEqual(Array.from({ length: 401 }, (_, index) => index));
      if (target().engine.kind === "berth") expect(seen).toHaveLength(401);
      expect(await attached.end()).toBe(0);
    });

    test("a terminal's log is its bytes", async () => {
      const id = await run(["-t"], "printf 'a\\tb\\n'; printf '\\033[1mx'");
      expect(await logs(id)).toBe("a\tb\r\n\u001b[1mx");
    });
  });
}

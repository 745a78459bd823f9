/** `berth compose` on the built engine: a project's whole life, by the labels that docker compose writes. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { background, onTerminal } from "../../tools/lab/background.ts";
import { command, eventually, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand } from "../../tools/lab/engines.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let folder = "";

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bcomp0", bip: "172.31.243.1/24" });
  folder = join(engine.dir, "shop");
}, 180_000);
afterAll(() => engine.close());
afterEach(async () => {
  await compose("down", "-v", "--remove-orphans", "-t", "0");
  expect(await engine.ok("ps", "-aq")).toBe("");
  rmSync(folder, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({
  BERTH_HOST: engine.host,
  NO_COLOR: "1",
  COMPOSE_PROJECT_NAME: "shop",
});

function compose(...words: readonly string[]): Promise<CommandResult> {
  return command([...berthCommand(), "compose", ...words], { cwd: folder, env: environment(), timeoutMs: 120_000 });
}

async function ok(...words: readonly string[]): Promise<string> {
  const result = await compose(...words);
  expect({ words, ...result, stdout: "" }).toMatchObject({ code: 0 });
  return result.stdout;
}

function project(text: string, files: Readonly<Record<string, string>> = {}): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries({ "compose.yaml": text, ...files }))
    writeFileSync(join(folder, name), content);
}

const shop = `
services:
  web:
    image: busybox
    command: sh -c 'nslookup db >/dev/null; echo served > /data/page; httpd -f -p 80 -h /data'
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    ports: ["127.0.0.1::80"]
    volumes: ["data:/data", "./conf:/conf:ro"]
    environment: {MODE: "\${MODE:-plain}"}
    secrets: [key, {source: made, uid: "7", gid: "8", mode: 0400}]
    configs: [{source: inline, target: /etc/inline}]
    stop_grace_period: 0s
  db:
    image: busybox
    command: sleep 1000
    healthcheck: {test: "true", interval: 200ms}
    stop_grace_period: 0s
    labels: {tier: back}
  migrate: {image: busybox, command: echo migrated}
volumes: {data: }
secrets:
  key: {file: ./key}
  made: {environment: MADE}
configs: {inline: {content: "mode \${MODE:-plain}"}}
`;

describe("a project's life", () => {
  test("up in the order of its dependencies, and down to nothing", async () => {
    project(shop, { key: "k1", ".env": "MADE=secret\n" });
    const first = await compose("up", "-d");
    expect(first.code).toBe(0);
    const order = first.stderr.split("\n").map((line) => line.trim());
    const at = (line: string): number => order.indexOf(line);
    expect(at("Network shop_default  Created")).toBeGreaterThanOrEqual(0);
    expect(at("Volume shop_data  Created")).toBeGreaterThanOrEqual(0);
    expect(at("Container shop-db-1  Healthy")).toBeLessThan(at("Container shop-web-1  Starting"));
    expect(at("Container shop-migrate-1  Exited")).toBeLessThan(at("Container shop-web-1  Starting"));

    const port = (await ok("port", "web", "80")).trim();
    const page = await eventually("the page", async () => {
      const answer = await fetch(`http://${port}/page`).catch(() => undefined);
      return answer?.ok === true ? answer.text() : undefined;
    });
    expect(page).toBe("served\n");
    expect(
      await ok(
        "exec",
        "-T",
        "web",
        "sh",
        "-c",
        "cat /run/secrets/key /run/secrets/made /etc/inline; stat -c '%u %g %a' /run/secrets/made; echo $MODE",
      ),
    ).toBe("k1secretmode plain7 8 400\nplain\n");
    expect(
      (await ok("ps", "--format", "{{.Service}} {{.State}} {{.Health}}"))
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "")
        .sort(),
    ).toEqual(["db running healthy", "web running"]);
    const labels = JSON.parse(await engine.ok("inspect", "-f", "{{json .Config.Labels}}", "shop-web-1")) as Record<
      string,
      string
    >;
    expect(labels).toMatchObject({
      "com.docker.compose.project": "shop",
      "com.docker.compose.service": "web",
      "com.docker.compose.container-number": "1",
      "com.docker.compose.oneoff": "False",
      "com.docker.compose.depends_on": "db:service_healthy:false,migrate:service_completed_successfully:false",
      "com.docker.compose.project.working_dir": folder,
      "com.docker.compose.project.config_files": join(folder, "compose.yaml"),
    });
    expect(await ok("logs", "--no-log-prefix", "migrate")).toBe("migrated\n");
    expect(await ok("ls")).toContain("shop");

    const again = await compose("up", "-d");
    expect(again.code).toBe(0);
    expect(again.stderr).not.toMatch(/Creating|Recreat/);
    // Nobody waits for what has been waited for once: it may still be at work.
    await eventually("the migration has ended again", async () =>
      (await engine.ok("inspect", "-f", "{{.State.Status}}", "shop-migrate-1")) === "exited\n" ? true : undefined,
    );
    expect(await ok("plan")).toBe("~ container shop-migrate-1: start (it is exited)\n");

    const down = await compose("down");
    expect(down.code).toBe(0);
    expect(await engine.ok("network", "ls", "-q", "-f", "name=shop")).toBe("");
    expect(await engine.ok("volume", "ls", "-q", "-f", "name=shop_data")).toBe("shop_data\n");
  });

  test("only what changed is made anew; anonymous volumes are taken over", async () => {
    const text = (mode: string): string =>
      `services:\n  a: {image: busybox, command: sleep 1000, stop_grace_period: 0s, environment: {M: ${mode}}, volumes: [/keep]}\n  b: {image: busybox, command: sleep 1000, stop_grace_period: 0s}\n`;
    project(text("one"));
    await ok("up", "-d");
    const [a, b] = [
      await engine.ok("inspect", "-f", "{{.Id}}", "shop-a-1"),
      await engine.ok("inspect", "-f", "{{.Id}}", "shop-b-1"),
    ];
    await ok("exec", "-T", "a", "sh", "-c", "echo kept > /keep/f");
    project(text("two"));
    expect(await ok("plan")).toBe("~ container shop-a-1: recreate, because its configuration changed\n");
    await ok("up", "-d");
    expect(await engine.ok("inspect", "-f", "{{.Id}}", "shop-a-1")).not.toBe(a);
    expect(await engine.ok("inspect", "-f", "{{.Id}}", "shop-b-1")).toBe(b);
    expect(await ok("exec", "-T", "a", "cat", "/keep/f")).toBe("kept\n");
  });

  test("scaled, restarted, paused, killed, removed", async () => {
    project("services:\n  s: {image: busybox, command: sleep 1000, stop_grace_period: 0s}\n");
    await ok("up", "-d", "--scale", "s=3");
    const states = async (): Promise<string> =>
      (await ok("ps", "-a", "--format", "{{.Name}}:{{.State}}")).trim().split("\n").join(" ");
    expect(await states()).toBe("shop-s-1:running shop-s-2:running shop-s-3:running");
    await ok("scale", "s=1");
    expect(await states()).toBe("shop-s-1:running");
    await ok("pause");
    expect(await states()).toBe("shop-s-1:paused");
    await ok("unpause");
    await ok("restart", "-t", "0");
    expect(await states()).toBe("shop-s-1:running");
    await ok("kill");
    await eventually("killed", async () => ((await states()) === "shop-s-1:exited" ? true : undefined));
    await ok("start");
    await ok("stop");
    expect(await ok("rm", "-f")).toBe("Going to remove shop-s-1\n");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("one container for once: its output, its code, beside the service", async () => {
    project(
      "services:\n  s: {image: busybox, command: sleep 1000, stop_grace_period: 0s, depends_on: [d], ports: ['127.0.0.1:18211:80']}\n  d: {image: busybox, command: sleep 1000, stop_grace_period: 0s}\n",
    );
    await ok("up", "-d");
    const once = await compose("run", "--rm", "-T", "-e", "X=1", "s", "sh", "-c", "echo $X; exit 7");
    expect({ code: once.code, stdout: once.stdout }).toEqual({ code: 7, stdout: "1\n" });
    expect((await ok("ps", "-a", "--format", "{{.Name}}")).trim().split("\n").sort()).toEqual(["shop-d-1", "shop-s-1"]);
  });
});

test("by the flags before the command", async () => {
  const text =
    "services:\n  s: {image: busybox, command: sleep 1000, stop_grace_period: 0s}\n  t: {image: busybox, command: sleep 1000, stop_grace_period: 0s}\nnetworks: {spare: {}}\nvolumes: {unused: {}}\n";
  project(text, { "more.env": "FROM_FILE=$ASIDE\nASIDE=there\n" });
  await ok("--compatibility", "--parallel", "1", "--all-resources", "up", "-d");
  const names = async (): Promise<readonly string[]> =>
    (await engine.ok("ps", "-a", "--format", "{{.Names}}")).trim().split("\n").toSorted();
  expect(await names()).toEqual(["shop_s_1", "shop_t_1"]);
  expect(await engine.ok("volume", "ls", "-q", "--filter", "name=shop_unused")).toBe("shop_unused\n");
  expect((await engine.ok("network", "ls", "-q", "--filter", "name=shop_spare")).trim()).not.toBe("");
  const once = await compose(
    "run",
    "--rm",
    "-T",
    "--env-from-file",
    "more.env",
    "-q",
    "s",
    "sh",
    "-c",
    "echo $FROM_FILE",
  );
  expect(once).toMatchObject({ code: 0, stdout: "\n", stderr: "" });
  project(text.replace(/ {2}t: .*\n/u, ""));
  await ok("kill", "--remove-orphans", "s");
  expect(await names()).toEqual(["shop_s_1"]);
  // No limit, as with younger versions.
  await ok("--compatibility", "--parallel", "0", "up", "-d");
  expect(await ok("--compatibility", "ps", "--status", "running", "-q")).not.toBe("");
  await engine.ok("network", "rm", "shop_spare");
});

test("images are built when they are missing, from files and from inline text", async () => {
  const text = `
services:
  one: {build: {context: ., args: {WORD: first}}, command: cat /word}
  two:
    image: made-by-two
    build: {dockerfile_inline: "FROM busybox\\nCOPY data /data\\nRUN cat /data > /copied"}
    command: cat /copied
`;
  project(text, { Dockerfile: "FROM busybox\nARG WORD\nRUN echo $WORD > /word\n", data: "from the context\n" });
  await ok("up", "-d");
  await ok("wait", "one", "two");
  expect(await ok("logs", "--no-log-prefix", "one")).toBe("first\n");
  expect(await ok("logs", "--no-log-prefix", "two")).toBe("from the context\n");
  project(text.replace("first", "second"));
  await ok("up", "-d", "--build");
  await ok("wait", "one");
  expect(await ok("logs", "--no-log-prefix", "one")).toBe("second\n");
  await ok("down", "--rmi", "all");
  expect(await engine.ok("images", "-q", "shop-one")).toBe("");
});

describe("in the foreground", () => {
  test("lines of all, the exit code of one, and everything stopped", async () => {
    project(
      "services:\n  t: {image: busybox, command: sh -c 'echo out; echo err >&2; exit 5', depends_on: [d]}\n  d: {image: busybox, command: sleep 1000, stop_grace_period: 0s}\n",
    );
    const result = await compose("up", "--exit-code-from", "t");
    expect(result.code).toBe(5);
    expect(result.stdout).toContain("t-1  | out\n");
    expect(result.stdout).toContain("t-1 exited with code 5\n");
    expect(result.stderr).toContain("t-1  | err\n");
    expect((await ok("ps", "--format", "{{.State}}")).trim()).toBe("");
  });

  test("an interrupt stops everything", async () => {
    project(
      "services:\n  s: {image: busybox, command: sh -c 'trap \"exit 3\" TERM; echo ready; while :; do sleep 0.1; done'}\n",
    );
    const shown = background([...berthCommand(), "compose", "-f", join(folder, "compose.yaml"), "up"], environment());
    await shown.waitFor(/s-1 {2}\| ready/);
    shown.signal("SIGINT");
    await shown.waitFor(/Gracefully Stopping/);
    expect(await shown.end()).toBe(130);
    expect(await engine.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "shop-s-1")).toBe("exited 3\n");
  });
});

describe("cut off, and finished by the next up", () => {
  const waiting =
    "services:\n  s: {image: busybox, command: sleep 1000, stop_grace_period: 0s, depends_on: {d: {condition: service_healthy}}}\n  d: {image: busybox, command: sleep 1000, stop_grace_period: 0s, healthcheck: {test: test -e /ready, interval: 100ms, retries: 1000}}\n";

  test.each([[["up", "-d"]], [["up"]]])("while it waits for health: %p", async (words) => {
    project(waiting);
    const shown = background(
      [...berthCommand(), "compose", "-f", join(folder, "compose.yaml"), ...words],
      environment(),
    );
    await eventually("the dependency runs", async () =>
      (await ok("ps", "--format", "{{.Name}}")).includes("shop-d-1") ? true : undefined,
    );
    shown.signal("SIGINT");
    expect(await shown.end()).toBe(130);
    project(waiting.replace("test -e /ready", "'true'"));
    await ok("up", "-d");
    expect((await ok("ps", "--format", "{{.Name}} {{.State}}")).trim().split("\n").toSorted()).toEqual([
      "shop-d-1 running",
      "shop-s-1 running",
    ]);
  });

  test("between a new container and the end of the old one", async () => {
    const text = "services: {s: {image: busybox, command: sleep 1000, stop_grace_period: 0s, environment: {V: '1'}}}";
    project(text);
    await ok("up", "-d");
    const id = (await engine.ok("inspect", "-f", "{{.Id}}", "shop-s-1")).trim();
    const labels = JSON.parse(await engine.ok("inspect", "-f", "{{json .Config.Labels}}", id)) as Record<
      string,
      string
    >;
    const words = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    await engine.ok("create", "--name", `${id.slice(0, 12)}_shop-s-1`, ...words, "busybox", "sleep", "1000");
    project(text.replace("'1'", "'2'"));
    await ok("up", "-d");
    expect((await engine.ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).trim()).toBe("shop-s-1 running");
    expect(await ok("exec", "-T", "s", "sh", "-c", "echo $V")).toBe("2\n");
  });

  test("between the end of the old one and the new one's name", async () => {
    project("services: {s: {image: busybox, command: sleep 1000, stop_grace_period: 0s}}");
    await ok("create");
    await engine.ok("rename", "shop-s-1", "0123456789ab_shop-s-1");
    await ok("up", "-d");
    expect((await engine.ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).trim()).toBe("shop-s-1 running");
  });
});

test("on a terminal nothing is drawn over the output", async () => {
  project("services: {s: {image: busybox, command: sh -c 'echo first; sleep 1000', stop_grace_period: 0s}}");
  const shown = onTerminal([...berthCommand(), "compose", "-f", join(folder, "compose.yaml"), "up"], environment());
  await shown.waitFor(/s-1 {2}\| first/);
  const text = shown.output();
  // Only the block of progress above the first line moves the cursor up.
  expect(text.slice(text.indexOf("Attaching to"))).not.toContain("\u001b[");
  shown.signal("SIGINT");
  expect(await shown.end()).toBe(130);
});

describe("replaced a few at a time", () => {
  const rolling = (version: string, update: string, test = "true"): string => `
services:
  web:
    image: busybox
    command: sh -c 'echo version ${version}; sleep 1000'
    stop_grace_period: 0s
    healthcheck: {test: "${test}", interval: 100ms, retries: 2}
    deploy: {replicas: 3, update_config: {${update}}}
`;
  const ids = async (): Promise<readonly string[]> =>
    (await engine.ok("ps", "-q", "--no-trunc", "--filter", "label=com.docker.compose.service=web"))
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  const names = async (): Promise<readonly string[]> =>
    (await engine.ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).trim().split("\n").toSorted();
  const three = ["shop-web-1 running", "shop-web-2 running", "shop-web-3 running"];

  test("the new ones before the old ones go", async () => {
    project(rolling("1", "order: start-first"));
    await ok("up", "-d", "--wait");
    const before = await ids();
    const ends = background(
      [...berthCommand(), "compose", "-f", join(folder, "compose.yaml"), "events"],
      environment(),
    );
    await eventually("events are followed", async () => {
      await engine.ok("pause", "shop-web-1");
      await engine.ok("unpause", "shop-web-1");
      return ends.output().includes("container unpause") ? true : undefined;
    });
    project(rolling("2", "order: start-first, parallelism: 2"));
    await ok("up", "-d");
    expect((await ids()).filter((id) => before.includes(id))).toEqual([]);
    expect(await names()).toEqual(three);
    await eventually("the last old one is gone", async () =>
      (ends.output().match(/container destroy /gu)?.length ?? 0) === 3 ? true : undefined,
    );
    ends.signal("SIGKILL");
    await ends.end();
    const kinds = [...ends.output().matchAll(/container (start|die) /gu)].map(([, kind]) => kind);
    expect(kinds.slice(0, 3)).toEqual(["start", "start", expect.any(String)]);
    expect([kinds.indexOf("die") > 1, kinds.filter((kind) => kind === "start").length]).toEqual([true, 3]);
  });

  test("all as it was when one does not get healthy", async () => {
    project(rolling("1", "failure_action: rollback"));
    await ok("up", "-d", "--wait");
    const before = await ids();
    project(rolling("2", "failure_action: rollback", "test ! $$(hostname) = broken && test -e /no"));
    const failed = await compose("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/update of service "web" was rolled back: container shop-web-\d is unhealthy/);
    expect([await ids(), await names()]).toEqual([before, three]);
    project(rolling("3", "failure_action: rollback"));
    await ok("up", "-d");
    expect((await ids()).filter((id) => before.includes(id))).toEqual([]);
  });

  test("the rest left alone when one fails, and finished by the next up", async () => {
    project(rolling("1", "parallelism: 1"));
    await ok("up", "-d", "--wait");
    const before = await ids();
    project(rolling("2", "parallelism: 1").replace("sleep 1000'", "exit 3'"));
    const failed = await compose("up", "-d");
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringMatching(/is paused: container shop-web-\d exited \(3\)/),
    ]);
    expect((await ids()).every((id) => before.includes(id))).toBe(true);
    expect((await ids()).length).toBe(2);
    project(rolling("3", "parallelism: 1"));
    await ok("up", "-d");
    expect([(await ids()).some((id) => before.includes(id)), await names()]).toEqual([false, three]);
  });
});

describe("changed files", () => {
  const watched = `
services:
  web:
    build: {context: ., dockerfile_inline: "FROM busybox\\nCOPY version /version"}
    command: sh -c 'echo began with $$(cat /version); sleep 1000'
    stop_grace_period: 0s
    develop:
      watch:
        - {path: src, action: sync, target: /srv, ignore: ["*.tmp"], initial_sync: true}
        - {path: conf, action: sync+restart, target: /conf}
        - {path: sql, action: sync+exec, target: /sql, exec: {command: sh -c 'cat /sql/* > /loaded'}}
        - {path: version, action: rebuild}
`;
  const inWeb = async (line: string): Promise<string> => {
    const { stdout } = await compose("exec", "-T", "web", "sh", "-c", line);
    return stdout.trim();
  };
  const becomes = (line: string, wanted: string): Promise<unknown> =>
    eventually(`${line}: ${wanted}`, async () => ((await inWeb(line)) === wanted ? true : undefined));
  const write = (name: string, content: string): void => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const begin = (...words: readonly string[]) => {
    project(watched, { version: "1", ".dockerignore": "**/*.md\n" });
    write("src/first", "there before");
    write("conf/c", "old");
    write("sql/a", "old");
    return background([...berthCommand(), "compose", "-f", join(folder, "compose.yaml"), ...words], environment());
  };

  test("are brought in, restart, run a command, or build", async () => {
    const dangling = (): Promise<string> => engine.ok("images", "-q", "--filter", "dangling=true");
    const danglingBefore = await dangling();
    const shown = begin("watch");
    await shown.waitFor(/Watch enabled/);
    expect(await inWeb("cat /srv/first")).toBe("there before");
    write("src/deep/new", "1");
    write("src/left.tmp", "1");
    write("src/left.md", "1");
    await becomes("cat /srv/deep/new", "1");
    rmSync(join(folder, "src/first"));
    await becomes("ls /srv", "deep");
    write("sql/b", "+new");
    await becomes("cat /loaded", "+new");
    write("sql/a", "old");
    await becomes("cat /loaded", "old+new");
    const started = (): Promise<string> => engine.ok("inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "shop-web-1");
    const [id = "", at = ""] = (await started()).split(" ");
    write("conf/c", "new");
    await shown.waitFor(/restarted/);
    const [sameId = "", later = ""] = (await started()).split(" ");
    expect([sameId, later > at]).toEqual([id, true]);
    expect(await inWeb("cat /conf/c")).toBe("new");
    write("version", "2");
    await shown.waitFor(/successfully built/);
    expect(await inWeb("cat /version")).toBe("2");
    expect((await started()).split(" ")[0]).not.toBe(id);
    expect(await dangling()).toBe(danglingBefore);
    shown.signal("SIGINT");
    expect(await shown.end()).toBe(130);
    expect(await inWeb("echo goes on")).toBe("goes on");
  });

  test("beside the output of what is replaced", async () => {
    const shown = begin("up", "--watch", "--build");
    await shown.waitFor(/web-1 {2}\| began with 1/);
    await shown.waitFor(/Watch enabled/);
    write("conf/c", "new");
    await shown.waitFor(/restarted/);
    await shown.waitFor(/began with 1[^]*began with 1/);
    write("version", "2");
    await shown.waitFor(/web-1 {2}\| began with 2/);
    shown.signal("SIGINT");
    expect(await shown.end()).toBe(130);
    expect(shown.output()).not.toContain("exited with code 0");
  });

  test("that no service waits for", async () => {
    project("services: {s: {image: busybox}}");
    expect(await compose("watch")).toMatchObject({ code: 1, stderr: expect.stringContaining("configured for watch") });
  });
});

describe("what goes wrong is told", () => {
  test.each([
    [
      "services: {s: {image: i, prots: []}}",
      /compose\.yaml:1: services\.s: additional properties 'prots' not allowed\nDid you mean 'ports'\?/,
    ],
    ["services: {s: {image: nobody/such:1, pull_policy: never}}", /No such image: nobody\/such:1/],
    [
      "services: {s: {image: busybox, networks: [n]}}\nnetworks: {n: {external: true}}",
      /network n declared as external, but could not be found/,
    ],
    [
      "services: {s: {image: busybox, command: sleep 9, depends_on: {d: {condition: service_healthy}}}, d: {image: busybox, command: sleep 9}}",
      /compose\.yaml:1: services\.s\.depends_on\.d: container shop-d-1 has no healthcheck configured/,
    ],
    [
      "services:\n  d: {image: busybox, command: sleep 9, stop_grace_period: 0s, healthcheck: {test: 'false', interval: 100ms, retries: 1}}\n  s:\n    image: busybox\n    depends_on:\n      d: {condition: service_healthy}",
      /compose\.yaml:6: services\.s\.depends_on\.d: dependency failed to start: container shop-d-1 is unhealthy/,
    ],
    [
      "services:\n  a: {image: busybox, command: sleep 9, stop_grace_period: 0s, ports: ['127.0.0.1:18213:80']}\n  b:\n    image: busybox\n    command: sleep 9\n    depends_on: [a]\n    ports:\n    - '127.0.0.1:18212:80'\n    - '127.0.0.1:18213:81'",
      /compose\.yaml:9: services\.b\.ports\.1: Error response from daemon: .*127\.0\.0\.1:18213 failed: port is already allocated/,
    ],
    [
      "services:\n  s: {image: busybox, networks: {n: {ipv4_address: 10.1.2.3}}}\nnetworks:\n  n: {ipam: {config: [{subnet: 10.300.0.0/16}]}}",
      /compose\.yaml:4: networks\.n: Error response from daemon: /,
    ],
    [
      "services: {s: {image: busybox, depends_on: {d: {condition: service_completed_successfully}}}, d: {image: busybox, command: sh -c 'exit 4'}}",
      /services\.s\.depends_on\.d: service "d" didn't complete successfully: exit 4/,
    ],
  ])("%s", async (text, message) => {
    project(text);
    const result = await compose("up", "-d");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(message);
  });

  test("a name that somebody else's container has; freed, the next up goes on", async () => {
    await engine.ok("create", "--name", "taken", "busybox", "true");
    project(
      "services:\n  s:\n    image: busybox\n    command: sleep 1000\n    stop_grace_period: 0s\n    container_name: taken",
    );
    const result = await compose("up", "-d");
    expect([result.code, result.stderr]).toEqual([
      1,
      expect.stringMatching(
        /compose\.yaml:6: services\.s\.container_name: Error response from daemon: Conflict\. The container name "\/taken" is already in use/,
      ),
    ]);
    await engine.ok("rm", "taken");
    await ok("up", "-d");
    expect(await ok("ps", "--format", "{{.Name}} {{.State}}")).toBe("taken running\n");
  });

  test("without a file, and with words that are none", async () => {
    mkdirSync(folder, { recursive: true });
    const none = await command([...berthCommand(), "compose", "up"], {
      cwd: "/",
      env: environment(),
      timeoutMs: 120_000,
    });
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("no configuration file provided: not found")]);
    const word = await compose("frobnicate");
    expect([word.code, word.stderr]).toEqual([
      1,
      expect.stringContaining('unknown docker command: "compose frobnicate"'),
    ]);
    expect((await compose("upp")).stderr).toContain("Did you mean 'compose up'?");
  });
});

/** What a project leaves to others: providers, models, containers before a start, the engine's own socket. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bleft0", bip: "172.31.236.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

/** Tells of every call in `calls`. */
const provider = `#!/bin/sh
echo "$@" >> "\${0%/*}/../calls"
case "$*" in
  *metadata*) cat "\${0%/*}/../metadata.json" 2>/dev/null;;
  *" up "*)
    echo '{"type":"info","message":"preparing mysql"}'
    echo '{"type":"debug","message":"nobody reads this"}'
    echo '{"type":"setenv","message":"URL=mysql://db:1?a=b"}'
    echo '{"type":"rawsetenv","message":"TOKEN=raw"}'
    [ -z "$FAIL" ] || { echo '{"type":"error","message":"no more room"}'; exit 1; };;
esac
`;

const withProvider = `
services:
  app: {image: busybox, command: sleep 1000, stop_grace_period: 0s, depends_on: [database]}
  other: {image: busybox, command: sleep 1000, stop_grace_period: 0s}
  database: {provider: {type: cloud, options: {type: mysql, size: [1, 2]}}}
`;

const calls = (): readonly string[] => readFileSync(join(side.folder, "calls"), "utf8").trimEnd().split("\n");

describe("a service of a provider", () => {
  test("comes up by its command, tells its dependents where it is, and goes", async () => {
    side.project(withProvider, { "bin/cloud": provider });
    const up = await side.compose("up", "-d");
    expect(up).toMatchObject({ code: 0 });
    expect(up.stderr).toContain("database  preparing mysql");
    expect(up.stderr).toContain("database  Created");
    expect(await side.ok("exec", "-T", "app", "sh", "-c", "echo $DATABASE_URL $TOKEN")).toBe("mysql://db:1?a=b raw\n");
    expect(await side.ok("exec", "-T", "other", "sh", "-c", "echo =$DATABASE_URL=$TOKEN=")).toBe("===\n");
    // The same answers: nothing is made anew.
    const before = await side.engine.ok("ps", "-q", "--no-trunc");
    await side.ok("up", "-d");
    expect(await side.engine.ok("ps", "-q", "--no-trunc")).toBe(before);
    // Its metadata do not speak of `stop`.
    await side.ok("stop", "-t", "0");
    await side.ok("down");
    expect(calls().filter((line) => !line.includes("metadata"))).toEqual([
      "compose --project-name=shop up --type=mysql --size=1 --size=2 database",
      "compose --project-name=shop up --type=mysql --size=1 --size=2 database",
      "compose --project-name=shop down --type=mysql --size=1 --size=2 database",
    ]);
  });

  test("as its metadata say", async () => {
    const metadata = {
      description: "a cloud",
      up: { parameters: [{ name: "type", required: true }] },
      down: { parameters: [] },
      stop: { parameters: [] },
    };
    side.project(withProvider, { "bin/cloud": provider, "metadata.json": JSON.stringify(metadata, undefined, 2) });
    await side.ok("up", "-d");
    await side.ok("stop", "-t", "0");
    await side.ok("down");
    expect(calls().filter((line) => !line.includes("metadata"))).toEqual([
      "compose --project-name=shop up --type=mysql database",
      "compose --project-name=shop stop database",
      "compose --project-name=shop down database",
    ]);
    side.project(withProvider.replace("type: mysql, ", ""));
    expect(await side.compose("up", "-d")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('required parameter "type" is missing from provider "cloud" definition'),
    });
  });

  test.each([
    ["nothing of that name", {}, 'exec: "cloud": executable file not found in $PATH'],
    ["an error of its own", { "bin/cloud": provider.replace("[ -z", "[ -n") }, "no more room"],
    ["no JSON", { "bin/cloud": "#!/bin/sh\necho hello\n" }, "invalid response from plugin: hello"],
    ["an exit code", { "bin/cloud": "#!/bin/sh\necho why >&2\nexit 3\n" }, "exit status 3: why"],
  ] as const)("that fails: %s", async (_, files, why) => {
    side.project(withProvider, files);
    const up = await side.compose("up", "-d");
    expect(up).toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
    expect(await side.engine.ok("ps", "-aq")).toBe("");
    // Its `down` fails too, and `clear` would.
    side.project("services: {app: {image: busybox}}");
  });
});

const modelPlugin = `#!/bin/sh
echo "$@" >> "\${0%/*}/../../shop/calls"
case "$1" in
  docker-cli-plugin-metadata) echo '{"SchemaVersion":"0.1.0","Vendor":"us","Version":"v1.0.6"}';;
  status) echo '{"endpoint":"http://models:1/engines/v1/"}';;
  ls) echo '[{"tags":["ai/there"]}]';;
esac
`;

test("models are pulled and configured, and services told where they are", async () => {
  side.project(
    `
services:
  chat: {image: busybox, command: sleep 1000, stop_grace_period: 0s, models: {my-model: {}, small: {endpoint_var: WHERE, model_var: WHICH}}}
models:
  my-model: {model: ai/there, context_size: 1024, runtime_flags: [--verbose]}
  small: {model: ai/small}
`,
  );
  expect(await side.compose("up", "-d")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("'models' support requires Docker Model plugin"),
  });
  side.project(readFileSync(join(side.folder, "compose.yaml"), "utf8"), {
    "../.docker/cli-plugins/docker-model": modelPlugin,
  });
  const plugins = join(side.folder, "../.docker/cli-plugins");
  chmodSync(join(plugins, "docker-model"), 0o755);
  try {
    await side.ok("up", "-d");
    expect(await side.ok("exec", "-T", "chat", "sh", "-c", "echo $MY_MODEL_URL $MY_MODEL_MODEL $WHERE $WHICH")).toBe(
      "http://models:1/engines/v1/ ai/there http://models:1/engines/v1/ ai/small\n",
    );
    expect(calls().toSorted()).toEqual([
      "configure --context-size 1024 ai/there -- --verbose",
      "configure ai/small",
      "ls --json",
      "pull ai/small",
      "status --json",
    ]);
  } finally {
    rmSync(plugins, { recursive: true });
  }
});

describe("pre_start", () => {
  const text = (steps: string): string => `
services:
  app:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    environment: {WHO: app}
    volumes: ["data:/data"]
    pre_start: ${steps}
volumes: {data: }
`;
  const kept = (): Promise<string> =>
    side.engine.ok("ps", "-a", "--filter", "label=com.docker.compose.hook", "--format", "{{.Names}}");

  test("runs to its end before the start, once", async () => {
    side.project(
      text(
        '[{command: [sh, -c, "echo $$WHO $$MORE >> /data/log"], environment: {MORE: first}}, {image: busybox, command: [sh, -c, "id -u >> /data/log"], user: "7"}]',
      )
        .replace("volumes: {data: }", "volumes: {data: {}}")
        .replace('"data:/data"', '"./data:/data"'),
    );
    mkdirSync(join(side.folder, "data"));
    chmodSync(join(side.folder, "data"), 0o777);
    const log = (): string => readFileSync(join(side.folder, "data/log"), "utf8");
    side.project(readFileSync(join(side.folder, "compose.yaml"), "utf8"), { "data/log": "" });
    chmodSync(join(side.folder, "data/log"), 0o666);
    await side.ok("up", "-d");
    expect(log()).toBe("app first\n7\n");
    expect(await kept()).toBe("");
    expect(await side.ok("ps", "--format", "{{.Name}} {{.State}}")).toBe("shop-app-1 running\n");
    await side.ok("up", "-d");
    await side.ok("restart", "-t", "0");
    await side.ok("up", "-d", "--scale", "app=2");
    expect(log()).toBe("app first\n7\n");
    await side.ok("up", "-d", "--force-recreate");
    expect(log()).toBe("app first\n7\napp first\n7\n");
  });

  test("what fails is kept and told; what succeeded is not run again", async () => {
    side.project(
      text('[{command: [sh, -c, "echo first >> /data/log"]}, {command: [sh, -c, "echo oh no; test -e /data/go"]}]'),
    );
    const failed = await side.compose("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('service "app" pre_start[1] exited with code 1: oh no');
    expect(failed.stderr).toContain("docker logs shop-app-1-pre_start-1");
    expect((await kept()).trim().split("\n").toSorted()).toEqual(["shop-app-1-pre_start-0", "shop-app-1-pre_start-1"]);
    expect(await side.ok("ps", "-a", "--format", "{{.Name}} {{.State}}")).toBe("shop-app-1 created\n");
    await side.engine.ok("run", "--rm", "-v", "shop_data:/data", "busybox", "touch", "/data/go");
    await side.ok("up", "-d");
    expect(await kept()).toBe("");
    expect(await side.ok("exec", "-T", "app", "cat", "/data/log")).toBe("first\n");
  });

  test("once for each replica, when it says so; its output is shown", async () => {
    side.project(
      text('[{command: [sh, -c, "echo one >> /data/log"], per_replica: true}, {command: [echo, shared]}]')
        .replace("command: sleep 1000", "command: echo done")
        .replace("image: busybox\n    command", "image: busybox\n    scale: 2\n    command"),
    );
    const shown = await side.compose("up");
    expect(shown.code).toBe(0);
    expect(shown.stdout.match(/app pre_start {2}\| shared/gu)).toHaveLength(1);
    expect(await side.engine.ok("run", "--rm", "-v", "shop_data:/data", "busybox", "cat", "/data/log")).toBe(
      "one\none\n",
    );
  });
});

test("the engine's socket and credentials, for who asks for them", async () => {
  side.project("services: {s: {image: busybox, command: sleep 1000, stop_grace_period: 0s, use_api_socket: true}}");
  const config = join(side.engine.dir, ".docker");
  mkdirSync(config, { recursive: true });
  const auth = Buffer.from("me:secret").toString("base64");
  writeFileSync(join(config, "config.json"), JSON.stringify({ auths: { "hub.test": { auth } } }));
  try {
    await side.ok("up", "-d");
    expect(
      await side.ok("exec", "-T", "s", "sh", "-c", "test -S /var/run/docker.sock && cat $DOCKER_CONFIG/config.json"),
    ).toContain(auth);
  } finally {
    rmSync(config, { recursive: true });
  }
  expect(existsSync(config)).toBe(false);
});

test("what only Windows has is refused by name", async () => {
  side.project("services: {s: {image: busybox, credential_spec: {file: spec.json}}}");
  expect(await side.compose("up", "-d")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("credential_spec is not supported: it is an account for containers of Windows"),
  });
});

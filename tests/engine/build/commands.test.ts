/** What a build's commands get: networks, limits, hosts, devices, agents, and what is taken from them again. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { command, eventually, mustRun } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { BuildLab } from "./build-lab.ts";
import { copySshAdd } from "./copy-ssh-add.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bbld3", "172.31.235.1/24");
}, 180_000);
afterAll(() => lab.close());

/** What a RUN prints, built with these arguments. */
async function output(line: string, ...args: readonly string[]): Promise<string> {
  const folder = lab.context({ Dockerfile: `FROM busybox\nRUN ${line.replace("COMMAND", "sh -c")} > /out\n` });
  const id = (await lab.engine.ok("build", "-q", "--no-cache", ...args, folder)).trim();
  return lab.runIn(id, "cat", "/out");
}

const running = (words: string): boolean =>
  readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").startsWith(words);
    } catch {
      return false;
    }
  });

test("networks: the default, none, the host's, and one that people made, with its names", async () => {
  const interfaces = "ls /sys/class/net | tr '\\n' ' '";
  expect(await output(interfaces)).toMatch(/eth0 .*lo|lo .*eth0/);
  expect(await output(interfaces, "--network", "none")).toBe("lo ");
  expect(await output(interfaces, "--network", "host")).toContain("bbld3");
  expect(await output(`--network=none ${interfaces}`)).toBe("lo ");
  expect(await output(`--network=host ${interfaces}`)).toContain("bbld3");
  await lab.engine.ok(
    "network",
    "create",
    "--subnet",
    "172.31.236.0/24",
    "-o",
    "com.docker.network.bridge.name=bbldu",
    "mine",
  );
  try {
    await lab.engine.ok("run", "-d", "--name", "server", "--network", "mine", "busybox", "sleep", "1000");
    expect(await output("ip -4 -o addr show eth0", "--network", "mine")).toContain("172.31.236.");
    expect(await output("nslookup server | tail -n +3", "--network", "mine")).toContain("172.31.236.2");
    expect(await output("--network=none ls /sys/class/net", "--network", "mine")).toBe("lo\n");
    await lab.engine.ok("rm", "-f", "server");
    expect(await lab.engine.ok("network", "inspect", "-f", "{{len .Containers}}", "mine")).toBe("0\n");
  } finally {
    await lab.engine.run("rm", "-f", "server");
    await lab.engine.ok("network", "rm", "mine");
  }
  const absent = await lab.engine.run("build", "--network", "nobodys", lab.context({ Dockerfile: "FROM busybox\n" }));
  expect(absent.stderr).toContain("network nobodys not found");
});

test("the network of a container, by both doors: what listens there, its names; it has to run", async () => {
  const serve = "echo served > /page; exec httpd -f -p 127.0.0.1:8080 -h /";
  const names = ["--hostname", "webhost", "--add-host", "there:10.1.2.3"];
  await lab.engine.ok("run", "-d", "--name", "server", ...names, "busybox", "sh", "-c", serve);
  const ask = "until wget -q -O - http://127.0.0.1:8080/page; do sleep 0.1; done; hostname; grep there /etc/hosts";
  const folder = lab.context({ Dockerfile: `FROM busybox\nRUN { ${ask}; readlink /proc/self/ns/net; } > /out\n` });
  const inside = await lab.engine.ok("exec", "server", "readlink", "/proc/self/ns/net");
  try {
    const args = ["-q", "--no-cache", "--network", "container:server", folder];
    const docker = await lab.docker("build", ...args);
    for (const id of [await lab.engine.ok("build", ...args), docker.stdout])
      expect(await lab.runIn(id.trim(), "cat", "/out")).toBe(`served\nwebhost\n10.1.2.3\tthere\n${inside}`);
    const hosts = await lab.engine.run("build", "--add-host", "a:1.2.3.4", ...args);
    expect(hosts.stderr).toContain("conflicting options: custom host-to-IP mapping and the network mode");
    await lab.engine.ok("kill", "server");
    const stopped = await lab.engine.run("build", ...args);
    expect([
      stopped.code,
      stopped.stderr.match(/cannot join network of a non running container: [0-9a-f]{64}/g),
    ]).toEqual([1, expect.anything()]);
  } finally {
    await lab.engine.ok("rm", "-f", "server");
  }
  const gone = await lab.engine.run("build", "--network", "container:server", folder);
  expect(gone.stderr).toContain("No such container: server");
});

test("limits, hosts, shared memory, ulimits", async () => {
  const hosts = await output("cat /etc/hosts", "--add-host", "there:10.1.2.3");
  expect(hosts).toMatch(/^10\.1\.2\.3\tthere$/m);
  expect(await output("df -k /dev/shm | tail -1 | awk '{print $2}'", "--shm-size", "8m")).toBe("8192\n");
  expect(await output("sh -c 'ulimit -n; ulimit -Hn'", "--ulimit", "nofile=100:200")).toBe("100\n200\n");
  const memory = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
  expect(await output(`sh -c '${memory}; true'`, "--memory", "64m")).toBe(`${64 << 20}\n`);
  const cpu = "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null";
  expect(await output(`sh -c '${cpu}; true'`, "--cpu-quota", "50000", "--cpu-period", "100000")).toMatch(/^50000/);
  const tooMuch = lab.context({
    Dockerfile: "FROM busybox\nRUN tail -c 200m /dev/zero | wc -c\nRUN head -c 200m /dev/zero | tail\n",
  });
  const killed = await lab.engine.run("build", "--memory", "32m", "--memory-swap", "32m", tooMuch);
  expect(killed.code).toBe(1);
  expect(killed.stderr).toContain("exit code: 137");
});

test("a command's network namespace and control group go to the next one as nobody had been there, or not at all", async () => {
  const see = (step: number, line = "true"): string =>
    `RUN ${line}; { readlink /proc/self/ns/net; grep -o '[^/]*$' /proc/1/cgroup | head -1; } > /${step}`;
  const folder = lab.context({
    Dockerfile: [
      "FROM busybox",
      see(0),
      see(1),
      see(2, "ping -c 1 -W 1 127.0.0.1 >/dev/null"),
      see(3),
      see(4, "sleep 7657 & true"),
      see(5),
      see(6).replace("RUN ", "RUN --network=none "),
      see(7),
      "",
    ].join("\n"),
  });
  const id = (await lab.engine.ok("build", "-q", "--no-cache", folder)).trim();
  const seen = (await lab.runIn(id, "cat", ...Array.from({ length: 8 }, (_, step) => `/${step}`))).trim().split("\n");
  const places = Array.from({ length: 8 }, (_, step) => `${seen[2 * step]} ${seen[2 * step + 1]}`);
  const [first, , , second] = places;
  // The third had sent a packet; the seventh asked for none, and the one after it gets what the one before it left.
  expect(places).toEqual([first, first, first, second, second, second, places[6], second].map(String));
  expect(new Set([first, second, places[6]]).size).toBe(3);
  expect(running("sleep 7657")).toBe(false);
  await eventually("their places are gone", async () =>
    readdirSync(join(lab.engine.dir, "exec/builds")).length === 0 ? true : undefined,
  );
  expect(await lab.engine.ok("network", "inspect", "-f", "{{len .Containers}}", "bridge")).toBe("0\n");
});

test("what a command does to the files in its /etc that the engine gives is gone for the next one", async () => {
  const steps = [
    "true",
    "echo 10.9.9.9 other >> /etc/hosts",
    "sed 's/127/126/' /etc/hosts > /tmp/same && cat /tmp/same > /etc/hosts",
    "chmod 600 /etc/resolv.conf && chown 7 /etc/hostname",
    "true",
  ];
  const look =
    "cat /etc/hosts /etc/resolv.conf /etc/hostname; stat -c '%a %u %n' /etc/hosts /etc/resolv.conf /etc/hostname";
  const lines = steps.flatMap((step, index) => [`RUN ${step}`, `RUN { ${look}; } > /seen-${index}`]);
  const id = await lab.engine.ok("build", "-q", lab.context({ Dockerfile: ["FROM busybox", ...lines, ""].join("\n") }));
  const seen = await Promise.all(steps.map((_, index) => lab.runIn(id.trim(), "cat", `/seen-${index}`)));
  expect(seen[0]).toMatch(
    /^127\.0\.0\.1\tlocalhost\n[^]*644 0 \/etc\/hosts\n644 0 \/etc\/resolv\.conf\n644 0 \/etc\/hostname\n$/,
  );
  expect(seen).toEqual(steps.map(() => seen[0] ?? ""));
});

test("an agent's socket and secrets are there for their command, and nowhere afterwards", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && stat -c '%a %u' "$SSH_AUTH_SOCK" > /socket
RUN --mount=type=ssh,id=other,target=/agent,uid=7,mode=0660 test -S /agent && stat -c '%a %u' /agent >> /socket
RUN --mount=type=secret,id=token,env=TOKEN --mount=type=secret,id=token test \${#TOKEN} = 11 && test "$(cat /run/secrets/token)" = "$TOKEN"
RUN --mount=type=bind,source=tools,target=/tools --mount=type=ssh,uid=7,mode=0600 cd /tools && ./loader --library-path . ./ssh-add -l > /keys
RUN test ! -e /agent && test -z "$SSH_AUTH_SOCK$TOKEN" && ! ls /run/secrets/token && ! ls /run/buildkit
`,
  });
  await copySshAdd(join(folder, "tools"));
  const agent = await startAgent();
  try {
    const env = { ...lab.environment(), SSH_AUTH_SOCK: agent.socket, WORD: "s3cr3t-w0rd" };
    const args = ["--ssh", "default", "--ssh", `other=${agent.socket}`, "--secret", "id=token,env=WORD"];
    const done = await command([...berthCommand(), "build", "-q", "-t", "sealed", ...args, folder], { env });
    expect([done.code, done.stderr]).toEqual([0, ""]);
  } finally {
    await agent.stop();
  }
  expect(await lab.runIn("sealed", "cat", "/socket")).toBe("600 0\n660 7\n");
  expect(await lab.runIn("sealed", "cat", "/keys")).toMatch(/^256 SHA256:\S+ of the test \(ED25519\)\n$/);
  const archive = join(lab.engine.dir, "sealed.tar");
  await lab.engine.ok("save", "-o", archive, "sealed");
  expect(
    ["s3cr3t-w0rd", agent.socket, "SSH_AUTH_SOCK="].filter((word) => readFileSync(archive).includes(word)),
  ).toEqual([]);
  const without = await lab.engine.run(
    "build",
    lab.context({ Dockerfile: "FROM busybox\nRUN --mount=type=ssh,required true\n" }),
  );
  expect(without.code).toBe(1);
  expect(without.stderr).toMatch(/ssh agent|default/);
});

/** A real ssh-agent(1) with a key. */
async function startAgent(): Promise<{ readonly socket: string; stop(): Promise<void> }> {
  const socket = join(lab.engine.dir, "agent.sock");
  const child = Bun.spawn(["ssh-agent", "-D", "-a", socket], { stdout: "ignore", stderr: "ignore" });
  await eventually("the agent is there", () => (existsSync(socket) ? true : undefined));
  const key = join(lab.engine.dir, "key");
  await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of the test", "-f", key]);
  await mustRun(["ssh-add", "-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return {
    socket,
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

test("--security=insecure is refused until it is allowed", async () => {
  const folder = lab.context({
    Dockerfile:
      "# syntax=docker/dockerfile:1-labs\nFROM busybox\nRUN --security=insecure grep CapEff /proc/self/status > /caps\nRUN grep CapEff /proc/self/status >> /caps\n",
  });
  const refused = await lab.engine.run("build", folder);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("security.insecure is not allowed");
  const id = (await lab.engine.ok("build", "-q", "--allow", "security.insecure", folder)).trim();
  const [insecure = 0n, usual = 0n] = (await lab.runIn(id, "cat", "/caps"))
    .trim()
    .split("\n")
    .map((line) => BigInt(`0x${line.split(/\s+/)[1]}`));
  expect(usual).toBe(0xa80425fbn);
  expect(insecure & usual).toBe(usual);
  expect(insecure).toBeGreaterThan(usual);
});

test("a build that is cancelled ends its commands at once, and leaves nothing", async () => {
  const folder = lab.context({
    Dockerfile:
      "FROM busybox AS a\nRUN trap '' TERM INT; sleep 7654\nFROM busybox\nRUN sleep 7655\nCOPY --from=a / /a\n",
  });
  const building = Bun.spawn([...berthCommand(), "build", folder], {
    env: lab.environment(),
    stdout: "ignore",
    stderr: "ignore",
  });
  await eventually("both commands run", async () =>
    running("sleep 7654") && running("sleep 7655") ? true : undefined,
  );
  building.kill("SIGINT");
  expect(await building.exited).not.toBe(0);
  await eventually("the commands are gone", async () => (running("sleep 765") ? undefined : true));
  await eventually("their places are", async () =>
    readdirSync(join(lab.engine.dir, "exec/builds")).length === 0 ? true : undefined,
  );
});

test("POST /build/cancel", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN sleep 7656\n" });
  await command(["tar", "-C", folder, "-cf", `${folder}.tar`, "."]);
  const answer = fetch("http://engine/build?buildid=one", {
    unix: lab.engine.host.replace("unix://", ""),
    method: "POST",
    headers: { "content-type": "application/x-tar" },
    body: readFileSync(`${folder}.tar`),
  }).then((response) => response.text());
  await eventually("the command runs", async () => (running("sleep 7656") ? true : undefined));
  expect((await lab.engine.api("POST", "/build/cancel?id=one")).status).toBe(200);
  expect(await answer).toContain("context canceled");
  await eventually("the command is gone", async () => (running("sleep 7656") ? undefined : true));
});

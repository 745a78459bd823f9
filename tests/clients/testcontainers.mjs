/** The core flows of testcontainers-node. Its helper container (ryuk) is switched off: its image is not ours to fetch. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image, load, read, runCases, until } from "./cases.mjs";

const { GenericContainer, Network, Wait } = await load("testcontainers");

const server = ["sh", "-c", "echo page > /index.html; echo starting; exec httpd -f -p 80 -h /"];
const sleeper = ["sh", "-c", "echo ready to serve; sleep 3600"];
const container = (command = sleeper) => new GenericContainer(image).withCommand(command).withStartupTimeout(120_000);
const ready = Wait.forLogMessage("ready to serve");

async function using(wanted, act) {
  const started = await wanted.start();
  try {
    return await act(started);
  } finally {
    await started.stop({ timeout: 0 });
  }
}

/** The first lines of a stream that goes on. */
async function firstLines(stream, count) {
  let text = "";
  stream.on("data", (line) => (text += line.toString()));
  await until("the first lines", () => (text.split("\n").length > count ? true : undefined));
  stream.destroy();
  return text;
}

/** The answer to a GET of a published port. */
function page(host, port, path = "/index.html") {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
  });
}

await runCases({
  "waits for a log line": () =>
    using(container().withWaitStrategy(ready), async (started) => {
      assert.match(started.getId(), /^[0-9a-f]{64}$/);
    }),
  "waits for a line several times": () =>
    using(
      container(["sh", "-c", "echo tick; echo tick; sleep 3600"]).withWaitStrategy(Wait.forLogMessage(/tick/, 2)),
      async () => {},
    ),
  "waits for a port": () =>
    using(container(server).withExposedPorts(80).withWaitStrategy(Wait.forListeningPorts()), async (started) => {
      assert.match(await page(started.getHost(), started.getMappedPort(80)), /\r\n\r\npage\n$/);
    }),
  "waits for an HTTP answer": () =>
    using(container(server).withExposedPorts(80).withWaitStrategy(Wait.forHttp("/index.html", 80)), async (started) => {
      assert.equal(typeof started.getFirstMappedPort(), "number");
    }),
  "waits for health": () =>
    using(
      container(["sh", "-c", "sleep 1; touch /ok; sleep 3600"])
        .withHealthCheck({
          test: ["CMD-SHELL", "test -e /ok"],
          interval: 300,
          timeout: 60_000,
          retries: 1000,
          startPeriod: 0,
        })
        .withWaitStrategy(Wait.forHealthCheck()),
      async () => {},
    ),
  "waits for a command to succeed": () =>
    using(
      container(["sh", "-c", "sleep 0.5; touch /ok; sleep 3600"]).withWaitStrategy(
        Wait.forSuccessfulCommand("test -e /ok"),
      ),
      async () => {},
    ),
  "waits for a container that ends": () =>
    using(container(["true"]).withWaitStrategy(Wait.forOneShotStartup()), async () => {}),
  "tells of a start that comes too late": async () => {
    const late = container().withStartupTimeout(500).withWaitStrategy(Wait.forLogMessage("never"));
    await assert.rejects(late.start(), /never/);
  },
  "runs commands": () =>
    using(container().withWaitStrategy(ready), async (started) => {
      const result = await started.exec(["sh", "-c", "echo $A; pwd; echo no >&2; exit 3"], {
        env: { A: "b" },
        workingDir: "/tmp",
      });
      assert.equal(result.exitCode, 3);
      assert.equal(result.stdout, "b\n/tmp\n");
      assert.equal(result.stderr, "no\n");
      assert.equal((await started.exec("whoami", { user: "root" })).output, "root\n");
    }),
  "sets what a container runs with": () =>
    using(
      container(["sh", "-c", "echo $A $(hostname) $(pwd); ulimit -n; echo ready to serve; sleep 3600"])
        .withEnvironment({ A: "b" })
        .withLabels({ "tc-label": "1" })
        .withHostname("named")
        .withWorkingDir("/tmp")
        .withUlimits({ nofile: { hard: 512, soft: 256 } })
        .withTmpFs({ "/scratch": "rw,size=1m" })
        .withUser("root")
        .withSharedMemorySize(1 << 20)
        .withExtraHosts([{ host: "elsewhere", ipAddress: "10.9.8.7" }])
        .withAddedCapabilities("NET_ADMIN")
        .withResourcesQuota({ memory: 0.1, cpu: 0.5 })
        .withWaitStrategy(ready),
      async (started) => {
        const text = await firstLines(await started.logs(), 2);
        assert.match(text, /^b named \/tmp\n256\n/);
        assert.equal(started.getLabels()["tc-label"], "1");
        assert.match((await started.exec("cat /etc/hosts")).output, /10\.9\.8\.7\s+elsewhere/);
        assert.match((await started.exec("grep scratch /proc/mounts")).output, /size=1024k/);
      },
    ),
  "copies files in before the start": async () => {
    const dir = mkdtempSync(join(tmpdir(), "berth-tc-"));
    try {
      writeFileSync(join(dir, "file"), "from a folder");
      await using(
        container()
          .withCopyContentToContainer([{ content: "from text", target: "/a/text", mode: 0o640 }])
          .withCopyDirectoriesToContainer([{ source: dir, target: "/b" }])
          .withCopyFilesToContainer([{ source: join(dir, "file"), target: "/c" }])
          .withWaitStrategy(ready),
        async (started) => {
          const { output } = await started.exec(["sh", "-c", "cat /a/text /b/file /c; stat -c %a /a/text"]);
          assert.equal(output, "from textfrom a folderfrom a folder640\n");
        },
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
  "copies files in and out of a running container": () =>
    using(container().withWaitStrategy(ready), async (started) => {
      await started.copyContentToContainer([{ content: "later", target: "/tmp/later" }]);
      const archive = await read(await started.copyArchiveFromContainer("/tmp/later"));
      assert.equal(archive.subarray(512, 517).toString(), "later");
    }),
  "streams the logs": () =>
    using(
      container([
        "sh",
        "-c",
        "echo ready to serve; for i in 1 2 3; do echo line $i; sleep 0.1; done; sleep 3600",
      ]).withWaitStrategy(ready),
      async (started) => {
        const stream = await started.logs();
        let text = "";
        stream.on("data", (line) => (text += line.toString()));
        await until("the last line", () => (text.includes("line 3") ? true : undefined));
        stream.destroy();
      },
    ),
  "hands the logs to a consumer": async () => {
    let text = "";
    const consume = (stream) => stream.on("data", (line) => (text += line.toString()));
    await using(container().withLogConsumer(consume).withWaitStrategy(ready), () =>
      until("the line", () => (text.includes("ready to serve") ? true : undefined)),
    );
  },
  restarts: () =>
    using(container(server).withExposedPorts(80).withWaitStrategy(Wait.forListeningPorts()), async (started) => {
      await started.restart({ timeout: 0 });
      assert.match(await page(started.getHost(), started.getMappedPort(80)), /\r\n\r\npage\n$/);
    }),
  "reuses a container": async () => {
    const wanted = () => container().withName("tc-reused").withReuse().withWaitStrategy(ready);
    const first = await wanted().start();
    const second = await wanted().start();
    assert.equal(second.getId(), first.getId());
    await first.stop({ timeout: 0 });
  },
  "keeps a stopped container": async () => {
    const started = await container().withWaitStrategy(ready).start();
    const stopped = await started.stop({ remove: false, timeout: 0 });
    const archive = await read(await stopped.copyArchiveFromContainer("/etc/hostname"));
    assert.ok(archive.length > 0);
    await (
      await load("dockerode")
    )({ socketPath: process.env.DOCKER_HOST.replace("unix://", "") })
      .getContainer(stopped.getId())
      .remove();
  },
  "commits an image": () =>
    using(container().withWaitStrategy(ready), async (started) => {
      const id = await started.commit({ repo: "tc-committed", tag: "1", author: "a", comment: "b" });
      assert.match(id, /^sha256:/);
      const Docker = await load("dockerode");
      await new Docker({ socketPath: process.env.DOCKER_HOST.replace("unix://", "") })
        .getImage("tc-committed:1")
        .remove();
    }),
  "joins containers in a network": async () => {
    const network = await new Network().start();
    try {
      const web = container(server).withNetwork(network).withNetworkAliases("web").withExposedPorts(80);
      await using(web.withWaitStrategy(Wait.forListeningPorts()), () =>
        using(container().withNetwork(network).withWaitStrategy(ready), async (asking) => {
          assert.equal((await asking.exec("wget -qO- http://web/index.html")).output, "page\n");
        }),
      );
    } finally {
      await network.stop();
    }
  },
  "builds from a Dockerfile": async () => {
    const folder = mkdtempSync(join(tmpdir(), "testcontainers-"));
    try {
      writeFileSync(
        join(folder, "Dockerfile"),
        `FROM ${image} AS first\nARG WORD\nENV WORD=$WORD\nCOPY page /page\nFROM first\nRUN false\n`,
      );
      writeFileSync(join(folder, "page"), "of the context\n");
      const built = await GenericContainer.fromDockerfile(folder)
        .withBuildArgs({ WORD: "told" })
        .withTarget("first")
        .build();
      const command = ["sh", "-c", "cat /page; echo $WORD is ready to serve; sleep 3600"];
      await using(built.withCommand(command).withWaitStrategy(Wait.forLogMessage("told is ready")), async (started) => {
        assert.match((await started.exec(["cat", "/page"])).output, /^of the context\n$/);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

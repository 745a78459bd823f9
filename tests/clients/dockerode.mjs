/** What dockerode's own tests do with containers, through the same calls. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { promisify } from "node:util";
import { image, load, read, runCases, until } from "./cases.mjs";

const Docker = await load("dockerode");
/** All lines of a progress stream. */
const followed = promisify((stream, done) => docker.modem.followProgress(stream, done));
const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace("unix://", "") });

async function using(options, act) {
  const container = await docker.createContainer({ Image: image, Cmd: ["sleep", "3600"], ...options });
  try {
    return await act(container);
  } finally {
    await container.remove({ force: true, v: true }).catch(() => {});
  }
}

const running = (options, act) =>
  using(options, async (container) => {
    await container.start();
    return act(container);
  });

/** The two outputs of a framed stream, once it has ended. */
async function demultiplexed(container, stream) {
  const out = new PassThrough();
  const err = new PassThrough();
  container.modem.demuxStream(stream, out, err);
  stream.on("end", () => {
    out.end();
    err.end();
  });
  const [stdout, stderr] = await Promise.all([read(out), read(err)]);
  return { stdout: stdout.toString(), stderr: stderr.toString() };
}

async function echoThrough({ tty, hijack, bytes }) {
  const text = `${"a".repeat(99)}\n`.repeat(bytes / 100);
  const options = { Tty: tty, OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, Cmd: ["cat"] };
  await using(options, async (container) => {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack });
    let received = Buffer.alloc(0);
    stream.on("data", (chunk) => (received = Buffer.concat([received, chunk])));
    await container.start();
    stream.write(text);
    if (tty) {
      await until("the echo", () => (received.toString().split("\n").length > (2 * bytes) / 100 ? true : undefined));
      stream.write("\x04");
    } else {
      stream.end();
    }
    const { StatusCode } = await container.wait();
    assert.equal(StatusCode, 0);
    const letters = received.toString().replaceAll(/[^a]/g, "").length;
    if (hijack || tty) assert.equal(letters, (tty ? 2 : 1) * (bytes / 100) * 99);
  });
}

async function execIn(container, options, start = {}) {
  const exec = await container.exec({ AttachStdout: true, AttachStderr: true, ...options });
  return { exec, stream: await exec.start(start) };
}

await runCases({
  "inspects a container": () =>
    using({ Labels: { a: "b" } }, async (container) => {
      const found = await container.inspect();
      assert.equal(found.Config.Labels.a, "b");
      assert.equal(found.SizeRw, undefined);
      assert.equal(typeof (await container.inspect({ size: true })).SizeRw, "number");
    }),
  "gets, puts and inspects an archive": () =>
    running({}, async (container) => {
      await demultiplexed(container, (await execIn(container, { Cmd: ["sh", "-c", "echo one > /tmp/file"] })).stream);
      const archive = await read(await container.getArchive({ path: "/tmp/file" }));
      assert.equal(archive.subarray(0, 4).toString(), "file");
      const put = await container.putArchive(archive, { path: "/root" });
      await read(put);
      const info = await container.infoArchive({ path: "/root/file" });
      const stat = JSON.parse(Buffer.from(info.headers["x-docker-container-path-stat"], "base64").toString());
      await read(info);
      assert.equal(stat.name, "file");
      assert.equal(stat.size, 4);
    }),
  "starts and stops a container": () =>
    running({ StopTimeout: 1 }, async (container) => {
      assert.equal((await container.inspect()).State.Running, true);
      await container.stop({ t: 0 });
      assert.equal((await container.inspect()).State.Running, false);
      await assert.rejects(container.stop(), { statusCode: 304 });
    }),
  "resizes a terminal": () =>
    running({ Tty: true }, async (container) => {
      await container.resize({ h: 10, w: 40 });
    }),
  "updates a container": () =>
    running({}, async (container) => {
      await container.update({ CpuShares: 512 });
      assert.equal((await container.inspect()).HostConfig.CpuShares, 512);
    }),
  "gets stats, once and as a stream": () =>
    running({}, async (container) => {
      const once = await container.stats({ stream: false, "one-shot": true });
      assert.equal(typeof once.memory_stats.usage, "number");
      const stream = await container.stats();
      const first = await new Promise((resolve) => stream.once("data", resolve));
      stream.destroy();
      assert.equal(typeof JSON.parse(first.toString()).cpu_stats.cpu_usage.total_usage, "number");
    }),
  "writes 1,000 bytes to a terminal": () => echoThrough({ tty: true, hijack: true, bytes: 1000 }),
  "writes 5,000 bytes without a terminal": () => echoThrough({ tty: false, hijack: true, bytes: 5000 }),
  "writes without an upgraded connection": () => echoThrough({ tty: false, hijack: false, bytes: 500 }),
  "attaches and waits": () =>
    using({ Cmd: ["sh", "-c", "echo out; echo err >&2; exit 3"] }, async (container) => {
      const stream = await container.attach({ stream: true, stdout: true, stderr: true });
      const output = demultiplexed(container, stream);
      await container.start();
      assert.equal((await container.wait()).StatusCode, 3);
      assert.deepEqual(await output, { stdout: "out\n", stderr: "err\n" });
    }),
  "restarts a container": () =>
    running({ StopSignal: "SIGKILL" }, async (container) => {
      const before = (await container.inspect()).State.StartedAt;
      await container.restart({ t: 1 });
      const { State } = await container.inspect();
      assert.equal(State.Running, true);
      assert.notEqual(State.StartedAt, before);
    }),
  "forces a restart and a stop after the timeout": () =>
    running({ Cmd: ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"] }, async (container) => {
      await container.restart({ t: 1 });
      await container.stop({ t: 1 });
      assert.equal((await container.inspect()).State.ExitCode, 137);
    }),
  "exports a container": () =>
    using({}, async (container) => {
      assert.ok((await read(await container.export())).length > 100_000);
    }),
  "lists the processes": () =>
    running({}, async (container) => {
      assert.equal((await container.top({ ps_args: "aux" })).Processes.length, 1);
    }),
  "tells the changes": () =>
    using({ Cmd: ["touch", "/new"] }, async (container) => {
      await container.start();
      await container.wait();
      assert.deepEqual(await container.changes(), [{ Kind: 1, Path: "/new" }]);
    }),
  "follows the logs": () =>
    running({ Cmd: ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done"] }, async (container) => {
      const stream = await container.logs({ follow: true, stdout: true, stderr: true, timestamps: false });
      assert.equal((await demultiplexed(container, stream)).stdout, "1\n2\n3\n");
    }),
  "gives the logs at once as bytes": () =>
    using({ Cmd: ["echo", "once"], Tty: true }, async (container) => {
      await container.start();
      await container.wait();
      assert.equal((await container.logs({ stdout: true })).toString(), "once\r\n");
    }),
  "runs a command in a container": () =>
    running({}, async (container) => {
      const { exec, stream } = await execIn(container, { Cmd: ["sh", "-c", "echo $A; exit 4"], Env: ["A=b"] });
      assert.equal((await demultiplexed(container, stream)).stdout, "b\n");
      assert.equal((await exec.inspect()).ExitCode, 4);
    }),
  "runs a command with input on an upgraded connection": () =>
    running({}, async (container) => {
      const { stream } = await execIn(container, { Cmd: ["cat"], AttachStdin: true }, { hijack: true, stdin: true });
      const output = demultiplexed(container, stream);
      stream.write("through");
      stream.end();
      assert.equal((await output).stdout, "through");
    }),
  "commits a container": () =>
    using({}, async (container) => {
      const { Id } = await container.commit({ repo: "committed", tag: "a", comment: "by a test", author: "somebody" });
      assert.match(Id, /^sha256:/);
      await docker.getImage("committed:a").remove();
    }),
  "waits for the next exit before the start": () =>
    using({ Cmd: ["sh", "-c", "exit 5"] }, async (container) => {
      let ended;
      void container.wait({ condition: "next-exit" }).then((result) => (ended = result));
      // When the engine has heard of it nobody tells; the first exit after that is it.
      await until("the next exit", async () => {
        await container.start();
        await container.wait();
        return ended;
      });
      assert.equal(ended.StatusCode, 5);
    }),
  "aborts a wait": () =>
    running({}, async (container) => {
      const controller = new AbortController();
      const waiting = container.wait({ condition: "not-running", abortSignal: controller.signal });
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(waiting);
      assert.equal((await container.inspect()).State.Running, true);
    }),
  "renames, pauses and kills": () =>
    running({}, async (container) => {
      await container.rename({ name: "renamed-by-dockerode" });
      assert.equal((await docker.getContainer("renamed-by-dockerode").inspect()).Id, container.id);
      await container.pause();
      assert.equal((await container.inspect()).State.Status, "paused");
      await container.unpause();
      await container.kill({ signal: "SIGKILL" });
      assert.equal((await container.wait()).StatusCode, 137);
    }),
  "runs with one call": async () => {
    const output = new PassThrough();
    const text = read(output);
    const [result, container] = await docker.run(image, ["echo", "-n", "one call"], output, {
      HostConfig: { AutoRemove: true },
    });
    assert.equal(result.StatusCode, 0);
    assert.equal(typeof container.id, "string");
    output.end();
    assert.match((await text).toString(), /one call/);
  },
  "sees events": () =>
    using({ Cmd: ["true"] }, async (container) => {
      const stream = await docker.getEvents({ filters: { container: [container.id], event: ["start", "die"] } });
      let text = "";
      stream.on("data", (chunk) => (text += chunk.toString()));
      await container.start();
      await container.wait();
      await until("both events", () => (text.trim().split("\n").length === 2 ? true : undefined));
      stream.destroy();
      const actions = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).Action);
      assert.deepEqual(actions, ["start", "die"]);
    }),
  "filters by labels": () =>
    using({ Labels: { "dockerode-a": "", "dockerode-b": "1" } }, async (container) => {
      const by = async (label) => (await docker.listContainers({ all: true, filters: { label } })).map(({ Id }) => Id);
      assert.deepEqual(await by(["dockerode-a"]), [container.id]);
      assert.deepEqual(await by(["dockerode-b=1"]), [container.id]);
      assert.deepEqual(await by(["dockerode-b=2"]), []);
    }),
  "pulls with progress": async () => {
    const stream = await docker.pull(process.env.CLIENT_PULL);
    const steps = await new Promise((resolve, reject) =>
      docker.modem.followProgress(stream, (error, output) =>
        error ? reject(new Error(error.message)) : resolve(output),
      ),
    );
    assert.ok(steps.length > 1);
  },
  "inspects and lists images": async () => {
    const found = await docker.getImage(image).inspect();
    assert.equal((await docker.getImage(image).history()).length > 0, true);
    assert.equal(
      (await docker.listImages()).some(({ Id }) => Id === found.Id),
      true,
    );
    await assert.rejects(docker.getImage("nosuch").inspect(), { statusCode: 404, reason: "no such image" });
  },
  "makes and removes a volume": async () => {
    const volume = await docker.createVolume({ Name: "dockerode-volume", Labels: { a: "b" } });
    assert.equal((await volume.inspect()).Labels.a, "b");
    assert.equal(
      (await docker.listVolumes()).Volumes.some(({ Name }) => Name === "dockerode-volume"),
      true,
    );
    await volume.remove();
  },
  "lists networks": async () => {
    const names = (await docker.listNetworks()).map(({ Name }) => Name);
    for (const name of ["bridge", "host", "none"]) assert.equal(names.includes(name), true);
  },
  "tells about the engine": async () => {
    assert.equal((await docker.ping()).toString(), "OK");
    assert.match((await docker.version()).ApiVersion, /^1\./);
    assert.equal(typeof (await docker.info()).Containers, "number");
    assert.equal(Array.isArray((await docker.df()).Containers), true);
  },
  "prunes what stopped": () =>
    using({ Cmd: ["true"], Labels: { "dockerode-prune": "" } }, async (container) => {
      await container.start();
      await container.wait();
      const { ContainersDeleted } = await docker.pruneContainers({ filters: { label: ["dockerode-prune"] } });
      assert.deepEqual(ContainersDeleted, [container.id]);
    }),
  "refuses what is not there": async () => {
    await assert.rejects(docker.getContainer("nosuch").start(), { statusCode: 404, reason: "no such container" });
    await assert.rejects(docker.createContainer({ Image: "nosuch" }), { statusCode: 404 });
  },
  "builds a folder": async () => {
    const folder = mkdtempSync(join(tmpdir(), "dockerode-"));
    try {
      writeFileSync(join(folder, "Dockerfile"), `FROM ${image}\nARG WORD\nCOPY given /given\nRUN echo $WORD > /word\n`);
      writeFileSync(join(folder, "given"), "given\n");
      const stream = await docker.buildImage(
        { context: folder, src: ["Dockerfile", "given"] },
        { t: "dockerode-built:1", buildargs: { WORD: "told" } },
      );
      const lines = await followed(stream);
      const id = lines.find(({ aux }) => aux !== undefined)?.aux.ID;
      assert.match(id, /^sha256:[0-9a-f]{64}$/);
      assert.equal((await docker.getImage("dockerode-built:1").inspect()).Id, id);
      assert.ok(lines.some(({ stream: text }) => text === "Step 1/4 : FROM " + image));
      await docker.getImage("dockerode-built:1").remove({ force: true });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  "tells a failed build": async () => {
    const folder = mkdtempSync(join(tmpdir(), "dockerode-"));
    try {
      writeFileSync(join(folder, "Dockerfile"), `FROM ${image}\nRUN exit 6\n`);
      const stream = await docker.buildImage({ context: folder, src: ["Dockerfile"] }, {});
      assert.match((await followed(stream)).at(-1).error, /returned a non-zero code: 6/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

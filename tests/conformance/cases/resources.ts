import { expect, test } from "bun:test";
import type { StatsResponse } from "#spec/docker/stats.ts";
import type { DiskUsage } from "#spec/docker/disk-usage.ts";
import { eventually } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";

/** What containers use and may use: stats, update, top, wait, list, prune, df. */
export function resourceCases(target: () => Target): void {
  const run = (name: string, ...more: string[]): Promise<string> => target().ok(["run", "-d", "--name", name, ...more]);
  const sleeper = (name: string, ...flags: string[]): Promise<string> => run(name, ...flags, "busybox", "sleep", "600");
  const get = async <T>(path: string): Promise<T> => JSON.parse((await target().api("GET", path)).text) as T;
  const oneShot = (name: string): Promise<StatsResponse> => get(`/containers/${name}/stats?stream=false&one-shot=true`);
  const names = async (filters: unknown, query = "all=1"): Promise<readonly string[]> => {
    const path = `/containers/json?${query}&filters=${encodeURIComponent(JSON.stringify(filters))}`;
    const found = await get<readonly { readonly Names: readonly string[] }[]>(path);
    return found.map(({ Names: [name = ""] }) => name.slice(1));
  };
  const zeroTime = "0001-01-01T00:00:00Z";

  test("stats at once: limits, counters and interfaces of this moment", async () => {
    await sleeper("box", "-m", "64m", "--cpus", "0.5", "--pids-limit", "30");
    const stats = await oneShot("box");
    expect(stats).toMatchObject({
      name: "/box",
      preread: zeroTime,
      num_procs: 0,
      storage_stats: {},
      pids_stats: { current: 1, limit: 30 },
      memory_stats: { limit: 64 << 20 },
      precpu_stats: { cpu_usage: { total_usage: 0 }, throttling_data: { periods: 0 } },
    });
    expect(stats.precpu_stats).not.toHaveProperty("system_cpu_usage");
    expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(0);
    expect(stats.cpu_stats.cpu_usage.percpu_usage).toHaveLength(stats.cpu_stats.online_cpus ?? 0);
    expect(Object.keys(stats.networks ?? {})).toEqual(["eth0"]);
    expect(Object.keys(stats.networks?.["eth0"] ?? {}).toSorted()).toEqual([
      ...["rx_bytes", "rx_dropped", "rx_errors", "rx_packets", "tx_bytes", "tx_dropped", "tx_errors", "tx_packets"],
    ]);
    const own = [
      ...["active_anon", "active_file", "cache", "dirty", "inactive_anon", "inactive_file", "mapped_file", "pgfault"],
      ...["pgmajfault", "pgpgin", "pgpgout", "rss", "rss_huge", "unevictable", "writeback"],
    ];
    const limits = ["hierarchical_memory_limit", "hierarchical_memsw_limit"];
    expect(Object.keys(stats.memory_stats.stats ?? {}).toSorted()).toEqual(
      [...own, ...limits, ...own.map((name) => `total_${name}`)].toSorted(),
    );
  });

  test("stats without a limit tell the machine's memory; other networks have other interfaces", async () => {
    await sleeper("host", "--network", "host");
    await sleeper("none", "--network", "none");
    await sleeper("own");
    await sleeper("joined", "--network", "container:own");
    const { MemTotal } = await get<{ readonly MemTotal: number }>("/info");
    expect((await oneShot("host")).memory_stats.limit).toBe(MemTotal);
    expect(await oneShot("host")).not.toHaveProperty("networks");
    expect(await oneShot("none")).not.toHaveProperty("networks");
    expect(Object.keys((await oneShot("joined")).networks ?? {})).toEqual(["eth0"]);
  });

  test("stats of two moments, and as a stream", async () => {
    await run("busy", "busybox", "sh", "-c", "while :; do :; done");
    const two = await get<StatsResponse>("/containers/busy/stats?stream=false");
    expect(two.preread > zeroTime && two.preread < two.read).toBe(true);
    expect(two.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(two.precpu_stats.cpu_usage.total_usage);
    expect(two.cpu_stats.system_cpu_usage).toBeGreaterThan(two.precpu_stats.system_cpu_usage ?? 0);
    const refused = await target().api("GET", "/containers/busy/stats?one-shot=true");
    expect(refused).toMatchObject({
      status: 400,
      text: expect.stringContaining("cannot have stream=true and one-shot=true"),
    });
    const streamed: StatsResponse[] = [];
    const response = await fetch("http://engine/v1.41/containers/busy/stats", { unix: target().engine.socket });
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.split("\n").length > 3) break;
    }
    for (const line of text.split("\n").slice(0, 3)) streamed.push(JSON.parse(line) as StatsResponse);
    expect(streamed[1]?.preread).toBe(streamed[0]?.read ?? "");
    expect(streamed[2]?.precpu_stats).toEqual(streamed[1]?.cpu_stats as StatsResponse["precpu_stats"]);
  });

  test("stats of a container that does not run are zeros", async () => {
    await target().ok(["create", "--name", "idle", "busybox"]);
    const noBlocks = {
      io_service_bytes_recursive: null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    };
    const noCpu = {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    };
    const { id, ...stats } = await get<StatsResponse>("/containers/idle/stats?stream=false");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(stats as unknown).toEqual({
      read: zeroTime,
      preread: zeroTime,
      pids_stats: {},
      blkio_stats: noBlocks,
      num_procs: 0,
      storage_stats: {},
      cpu_stats: noCpu,
      precpu_stats: noCpu,
      memory_stats: {},
      name: "/idle",
    });
    expect((await target().api("GET", "/containers/nope/stats?stream=false")).status).toBe(404);
  });

  test("stats --no-stream shows those that run, -a all", async () => {
    await sleeper("box", "-m", "64m");
    await target().ok(["create", "--name", "idle", "busybox"]);
    const format = "{{.Name}} {{.MemUsage}} {{.PIDs}}";
    expect(await target().ok(["stats", "--no-stream", "--format", format])).toMatch(/^box [\d.]+[KM]iB \/ 64MiB 1\n$/);
    expect(await target().ok(["stats", "--no-stream", "-a", "--format", "{{.Name}} {{.CPUPerc}}"])).toMatch(
      /^idle 0\.00%\nbox \d+\.\d\d%\n$/,
    );
    expect(await target().ok(["stats", "--no-stream", "box"])).toMatch(
      /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS *\n[0-9a-f]{12} +box +/,
    );
    const lost = await target().run(["stats", "--no-stream", "nope"]);
    expect(lost).toMatchObject({ code: 1, stderr: "Error response from daemon: No such container: nope\n" });
  });

  test("update reaches a running container, inspect and the next start", async () => {
    await sleeper("box", "-m", "64m", "--cpu-shares", "100");
    const flags = ["-m", "96m", "--memory-swap", "192m", "--cpus", "1.5", "--pids-limit", "40", "--cpuset-cpus", "0"];
    expect(await target().ok(["update", ...flags, "box"])).toBe("box\n");
    const files =
      "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares pids/pids.max cpuset/cpuset.cpus";
    const expected = `${96 << 20}\n${192 << 20}\n150000\n100\n40\n0\n`;
    expect(await target().ok(["exec", "box", "sh", "-c", files])).toBe(expected);
    const told = "{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.NanoCpus}} {{.CpuShares}} {{.PidsLimit}}{{end}}";
    expect(await target().ok(["inspect", "-f", told, "box"])).toBe(`${96 << 20} ${192 << 20} 1500000000 100 40\n`);
    await target().ok(["restart", "-t", "0", "box"]);
    expect(await target().ok(["exec", "box", "sh", "-c", files])).toBe(expected);
    await target().ok(["stop", "-t", "0", "box"]);
    await target().ok(["update", "--cpu-shares", "300", "--pids-limit", "-1", "box"]);
    await target().ok(["start", "box"]);
    expect(await target().ok(["exec", "box", "sh", "-c", "cd /sys/fs/cgroup; cat cpu/cpu.shares pids/pids.max"])).toBe(
      "300\nmax\n",
    );
    const now = Math.floor(Date.now() / 1000);
    const [since, until] = [String(now - 60), String(now + 1)];
    const format = "{{.Actor.Attributes.name}}";
    expect(
      await target().ok(["events", "--since", since, "--until", until, "--filter", "event=update", "--format", format]),
    ).toContain("box\nbox\n");
  });

  test("update that cannot be is refused in Docker's words and changes nothing", async () => {
    await sleeper("box", "-m", "64m");
    await sleeper("nano", "--cpus", "1");
    const refusal = async (...args: string[]): Promise<string> => (await target().run(["update", ...args])).stderr;
    expect(await refusal("-m", "1m", "box")).toContain("Minimum memory limit allowed is 6MB");
    expect(await refusal("-m", "256m", "box")).toContain(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
    expect(await refusal("--cpu-quota", "500", "box")).toContain("CPU cfs quota can not be less than 1ms (i.e. 1000)");
    expect(await refusal("--cpuset-cpus", "0-99", "box")).toContain("Requested CPUs are not available");
    expect(await refusal("--cpuset-mems", "99", "box")).toContain("Requested memory nodes are not available");
    expect(await refusal("--cpu-period", "50000", "nano")).toContain(
      "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set",
    );
    expect(await refusal("-m", "64m", "nope")).toContain("No such container: nope");
    expect(await refusal("box")).toContain("you must provide one or more flags when using this command");
    expect(await target().ok(["inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.CpusetCpus}}", "box"])).toBe(
      `${64 << 20} \n`,
    );
  });

  test("update to less memory than is in use leaves the limits as they were", async () => {
    await run("full", "-m", "64m", "busybox", "sh", "-c", "head -c 30m /dev/zero >/dev/shm/f; echo up; exec sleep 600");
    const logs = target().start(["logs", "-f", "full"]);
    await logs.waitFor(/up/);
    logs.signal("SIGKILL");
    const body = { Memory: 8 << 20, MemorySwap: 8 << 20, CpuShares: 77, PidsLimit: 33 };
    expect((await target().api("POST", "/containers/full/update", body)).status).toBeGreaterThanOrEqual(400);
    const told = "{{with .HostConfig}}{{.Memory}} {{.CpuShares}}{{end}}";
    expect(await target().ok(["inspect", "-f", told, "full"])).toBe(`${64 << 20} 0\n`);
    expect(await target().ok(["exec", "full", "cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes"])).toBe(
      `${64 << 20}\n`,
    );
  });

  test("update of the restart policy", async () => {
    await run("box", "busybox", "sh", "-c", "sleep 1; exit 3");
    expect(await target().ok(["update", "--restart", "on-failure:1", "box"])).toBe("box\n");
    expect(await target().ok(["inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", "box"])).toBe("on-failure\n");
    const events = target().start(["events", "--since", "0", "--filter", "container=box", "--format", "{{.Action}}"]);
    await events.waitFor(/die\n(?:.*\n)*start\n(?:.*\n)*die\n/);
    events.signal("SIGKILL");
    await run("once", "--rm", "busybox", "sleep", "600");
    expect((await target().run(["update", "--restart", "always", "once"])).stderr).toContain(
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
  });

  test("top with the options of ps", async () => {
    await run("box", "busybox", "sh", "-c", "sleep 600 & exec tail -f /dev/null");
    const top = async (args: string) => {
      const { status, text } = await target().api("GET", `/containers/box/top?ps_args=${encodeURIComponent(args)}`);
      return status === 200
        ? (JSON.parse(text) as { readonly Titles: readonly string[]; readonly Processes: readonly string[][] })
        : text;
    };
    // A shell is called `sh` until it runs its program.
    await eventually("both programs run", async () => {
      const answer = await top("-o pid,comm");
      return typeof answer !== "string" && answer.Processes.every(([, name]) => name !== "sh") ? true : undefined;
    });
    for (const [args, titles] of [
      ["-ef", "UID PID PPID C STIME TTY TIME CMD"],
      ["aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
      ["-o pid,comm", "PID COMMAND"],
      ["-o stat,pid,nlwp,args", "STAT PID NLWP COMMAND"],
      ["-eLf", "UID PID PPID LWP C NLWP STIME TTY TIME CMD"],
      ["axf", "PID TTY STAT TIME COMMAND"],
      ["-C sleep", "PID TTY TIME CMD"],
    ] as const) {
      const answer = await top(args);
      if (typeof answer === "string") throw new Error(`${args}: ${answer}`);
      const commands = answer.Processes.map((row) => (row.at(-1) ?? "").replace(/^[\s|\\_]+/, "").split(" ")[0] ?? "");
      expect([args, answer.Titles.join(" "), ...commands.toSorted()]).toEqual([
        args,
        titles,
        ...(args === "-C sleep" ? ["sleep"] : ["sleep", "tail"]),
      ]);
    }
    expect(await top("-o comm")).toContain("Couldn't find PID field in ps output");
    expect(await top("--bogus")).toContain("ps: error: unknown gnu long option");
    expect(await top("-o foo=PID")).toContain('specifying \\"foo=PID\\" is not allowed');
  });

  test("wait for the next end, for no run, for the removal", async () => {
    /** Resolves when the engine waits; what that resolves to, when it has waited. */
    const waiting = async (name: string, condition: string): Promise<{ readonly code: Promise<number> }> => {
      const url = `http://engine/v1.41/containers/${name}/wait?condition=${condition}`;
      const response = await fetch(url, { unix: target().engine.socket, method: "POST" });
      return { code: response.json().then((body) => (body as { readonly StatusCode: number }).StatusCode) };
    };
    const wait = async (name: string, condition: string): Promise<number> => (await waiting(name, condition)).code;
    await target().ok(["create", "--name", "box", "busybox", "sh", "-c", "exit 3"]);
    expect(await wait("box", "not-running")).toBe(0);
    const next = await waiting("box", "next-exit");
    const removed = await waiting("box", "removed");
    await target().ok(["start", "box"]);
    expect(await next.code).toBe(3);
    expect(await wait("box", "")).toBe(3);
    await target().ok(["rm", "box"]);
    expect(await removed.code).toBe(3);
    await sleeper("killed");
    const all = await Promise.all(["", "next-exit", "removed"].map((condition) => waiting("killed", condition)));
    await target().ok(["rm", "-f", "killed"]);
    expect(await Promise.all(all.map(({ code }) => code))).toEqual([137, 137, 137]);
    expect((await target().api("POST", "/containers/nope/wait")).status).toBe(404);
  });

  test("list: filters, limit, before and since", async () => {
    await sleeper("one", "--label", "k=v", "-p", "127.0.0.1:0:80", "-v", "/tmp:/host", "--network", "bridge");
    await sleeper("two", "--label", "k=w", "--network", "none");
    await target().run(["run", "--name", "three", "busybox", "sh", "-c", "exit 3"]);
    await target().ok(["create", "--name", "four", "fixture", "true"]);
    const id = (await target().ok(["inspect", "-f", "{{.Id}}", "one"])).trim();
    const port = /:(\d+)$/.exec((await target().ok(["port", "one", "80"])).trim())?.[1] ?? "";
    const network = (await get<{ readonly Id: string }>("/networks/bridge")).Id;
    for (const [filters, expected] of [
      [{ name: ["^t"] }, "three two"],
      [{ name: ["/one"] }, "one"],
      [{ name: ["("] }, ""],
      [{ id: [id.slice(0, 8)] }, "one"],
      [{ id: [id.slice(2, 10)] }, ""],
      [{ label: ["k"] }, "two one"],
      [{ label: ["k=v"] }, "one"],
      [{ label: ["k=v", "k=w"] }, ""],
      [{ status: ["created", "exited"] }, "four three"],
      [{ exited: ["3"] }, "three"],
      [{ exited: ["0"] }, ""],
      [{ before: ["three"] }, "two one"],
      [{ since: ["two"] }, "four three"],
      [{ volume: ["/host"] }, "one"],
      [{ network: ["none"] }, "two"],
      [{ network: [network], status: ["running"] }, "one"],
      [{ publish: [port] }, "one"],
      [{ publish: ["80"] }, ""],
      [{ expose: ["70-90/tcp"] }, "one"],
      [{ health: ["none"] }, "four three two one"],
      [{ isolation: ["process"] }, "four three two one"],
      [{ "is-task": ["true"] }, ""],
      [{ ancestor: ["nope"] }, ""],
    ] as const)
      expect([filters, (await names(filters)).join(" ")] as unknown).toEqual([filters, expected]);
    expect(await names({ exited: ["3"] }, "all=0")).toEqual([]);
    expect(await names({ since: ["one"] }, "all=0")).toEqual(["two"]);
    expect(await names({ status: ["exited"] }, "all=0")).toEqual(["three"]);
    expect(await names({}, "limit=2")).toEqual(["four", "three"]);
    for (const wrong of [
      { bogus: ["x"] },
      { status: ["x"] },
      { "is-task": ["x"] },
      { publish: ["x"] },
      { before: ["x"] },
    ]) {
      const query = encodeURIComponent(JSON.stringify(wrong));
      expect((await target().api("GET", `/containers/json?filters=${query}`)).status).toBeGreaterThanOrEqual(400);
    }
  });

  test("container prune removes what does not run, by label and age", async () => {
    await sleeper("up");
    await target().ok([
      "run",
      "--name",
      "keep",
      "--label",
      "keep",
      "busybox",
      "sh",
      "-c",
      "head -c 5000 /dev/zero >/f",
    ]);
    await target().ok(["run", "--name", "drop", "busybox", "sh", "-c", "head -c 7000 /dev/zero >/f"]);
    expect(await target().ok(["container", "prune", "-f", "--filter", "until=24h"])).toBe(
      "Total reclaimed space: 0B\n",
    );
    const dropped = (await target().ok(["inspect", "-f", "{{.Id}}", "drop"])).trim();
    expect(await target().ok(["container", "prune", "-f", "--filter", "label!=keep"])).toBe(
      `Deleted Containers:\n${dropped}\n\nTotal reclaimed space: 7kB\n`,
    );
    expect(await target().ok(["ps", "-a", "--format", "{{.Names}}"])).toBe("keep\nup\n");
    const asked = await target().run(["container", "prune"], { stdin: "n\n" });
    expect(asked.stdout).toContain("WARNING! This will remove all stopped containers.");
    expect(await target().ok(["ps", "-aq"])).not.toBe("");
    expect(await target().ok(["container", "prune"], { stdin: "y\n" })).toContain("Total reclaimed space: 5kB\n");
    expect(await target().ok(["ps", "-a", "--format", "{{.Names}}"])).toBe("up\n");
    const wrong = await target().run(["container", "prune", "-f", "--filter", "bogus=x"]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/invalid filter 'bogus'/i);
  });

  test("system df counts layers once and measures what containers wrote", async () => {
    await run("box", "busybox", "sh", "-c", "head -c 100000 /dev/zero >/f; echo up; exec sleep 600");
    const logs = target().start(["logs", "-f", "box"]);
    await logs.waitFor(/up/);
    logs.signal("SIGKILL");
    await target().run(["run", "--name", "ended", "busybox", "sh", "-c", "head -c 50000 /dev/zero >/f"]);
    await target().ok(["create", "--name", "made", "busybox"]);
    const usage = await get<DiskUsage>("/system/df");
    const written = (usage.Containers ?? []).map(({ Names, SizeRw }) => [Names[0], SizeRw]);
    expect(written).toEqual([
      ["/made", undefined],
      ["/ended", 50_000],
      ["/box", 100_000],
    ]);
    const image = (name: string) => usage.Images?.find(({ RepoTags }) => (RepoTags ?? []).includes(`${name}:latest`));
    const [busybox, fixture] = [image("busybox"), image("fixture")];
    // The fixture is made on top of busybox.
    expect(fixture?.SharedSize).toBe(busybox?.SharedSize);
    // Some engines keep an image's documents too.
    expect((busybox?.Size ?? 0) - (busybox?.SharedSize ?? 0)).toBeLessThan(10_000);
    expect([busybox?.Containers, fixture?.Containers]).toEqual([3, 0]);
    const alone = (usage.Images ?? []).reduce((sum, { Size, SharedSize }) => sum + Size - SharedSize, 0);
    expect(usage.LayersSize).toBe(alone + (busybox?.SharedSize ?? 0));
    const table = await target().ok([
      "system",
      "df",
      "--format",
      "{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}",
    ]);
    expect(table).toContain("Containers|3|1|150kB|50kB (33%)\n");
    const images = await get<readonly unknown[]>("/images/json");
    expect(table).toStartWith(`Images|${images.length}|1|`);
    expect(await target().ok(["system", "df", "-v"])).toMatch(/box\n(?:.*\n)*Build cache usage: 0B\n/);
  });

  test("info tells of this machine and its containers", async () => {
    await sleeper("up");
    await sleeper("frozen");
    await target().ok(["pause", "frozen"]);
    await target().ok(["create", "--name", "made", "busybox"]);
    const info = await get<Readonly<Record<string, unknown>>>("/info");
    expect(info).toMatchObject({
      Containers: 3,
      ContainersRunning: 1,
      ContainersPaused: 1,
      ContainersStopped: 1,
      Images: (await get<readonly unknown[]>("/images/json")).length,
      Driver: "overlay2",
      MemoryLimit: true,
      SwapLimit: true,
      CpuCfsQuota: true,
      CPUShares: true,
      CPUSet: true,
      PidsLimit: true,
      IPv4Forwarding: true,
      CgroupDriver: "cgroupfs",
      CgroupVersion: "1",
      OSType: "linux",
      Warnings: null,
    });
    const status = new Map(info["DriverStatus"] as readonly (readonly [string, string])[]);
    expect([status.get("Backing Filesystem"), status.get("Supports d_type")]).toEqual([expect.any(String), "true"]);
    expect(info["NFd"]).toBeGreaterThan(5);
    expect(info["NGoroutines"]).toBeGreaterThan(1);
    const version = await get<{ readonly GitCommit: string; readonly BuildTime: string }>("/version");
    expect(version.GitCommit).toMatch(/^[0-9a-f]{7}/);
    expect(Date.parse(version.BuildTime)).toBeGreaterThan(0);
  });
}

import { describe, expect, test } from "bun:test";
import type { ContainerSummary } from "#spec/docker/container.ts";
import { firstModel, type Lists, type Message, type Model } from "../model.ts";
import { paint } from "../screen.ts";
import { update } from "../update.ts";
import { view } from "./view.ts";

const NOW = 1_700_000_000_000;

function container(name: string, changes: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    Id: Bun.SHA256.hash(name, "hex"),
    Names: [`/${name}`],
    Image: "nginx:1.27",
    ImageID: "sha256:1",
    Command: "nginx",
    Created: NOW / 1000 - 7200,
    Ports: [],
    Labels: {},
    State: "running",
    Status: "Up 2 hours",
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Networks: {} },
    Mounts: [],
    ...changes,
  };
}

const containers: Lists["containers"] = [
  container("web2", {
    Status: "Up 2 hours (healthy)",
    Ports: [{ IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" }],
  }),
  container("web10", { Status: "Up 3 minutes (unhealthy)" }),
  container("job", { State: "exited", Status: "Exited (3) 5 minutes ago", Image: "registry.example.com/team/job:v1" }),
  container("日本\u001b[31m語", { State: "paused", Status: "Up 1 hour (Paused)" }),
];
const usage = {
  cpuPercent: 12.34,
  memoryBytes: 50 << 20,
  limitBytes: 1 << 30,
  receivedBytes: 1234,
  sentBytes: 5_678_000,
  readBytes: 0,
  writtenBytes: 4096,
  pids: 5,
};

function after(columns: number, rows: number, ...messages: readonly Message[]): Model {
  let model = firstModel("unix:///run/berth.sock", { rows, columns }, NOW);
  const listed: Message[] = [
    { type: "listed", lists: { containers } },
    { type: "used", id: containers[0]?.Id ?? "", usage },
  ];
  for (const message of [...listed, ...messages]) model = update(model, message, NOW).model;
  return model;
}
const keys = (...names: readonly string[]): readonly Message[] => names.map((key) => ({ type: "key", key }));
/** Without styles, as a person would read it aloud. */
const shown = (model: Model): string =>
  paint(view(model), model.size, false)
    .map((line) => Bun.stripANSI(line).trimEnd())
    .join("\n");

describe("the list of containers", () => {
  test("80 columns: what does not fit is left out or shortened, names and states are not", () => {
    expect(shown(after(80, 9))).toBe(`\
 1 containers 3/4   2 images   3 volumes   4 networks    unix:///run/berth.sock
  NAME    STATE       CPU %      MEM  PORTS              IMAGE         STATUS
> job     exited 3                                       registry.ex…  Exited (…
  web2    healthy      12.3    50MiB  0.0.0.0:8080->80…  nginx:1.27    Up 2 hou…
  web10   unhealthy                                      nginx:1.27    Up 3 min…
  日本語  paused                                         nginx:1.27    Up 1 hou…


 l logs  e shell  t use  s start  r restart  d remove  / filter  ? keys  q quit`);
  });

  test("200 columns", () => {
    expect(shown(after(200, 8)).split("\n").slice(1, 4)).toEqual([
      "  NAME    STATE       CPU %      MEM  PORTS                 IMAGE                             STATUS                            NET I/O        BLOCK I/O   PIDS",
      "> job     exited 3                                          registry.example.com/team/job:v1  Exited (3) 5 minutes ago",
      "  web2    healthy      12.3    50MiB  0.0.0.0:8080->80/tcp  nginx:1.27                        Up 2 hours (healthy)      1.23kB / 5.68MB       0B / 4.1kB      5",
    ]);
  });

  test.each([33, 80, 120, 200])("at %d columns none moves while values change", (columns) => {
    const id = containers[0]?.Id ?? "";
    const quiet = { ...usage, cpuPercent: 0, memoryBytes: 0, receivedBytes: 0, sentBytes: 0, writtenBytes: 0, pids: 1 };
    const busy = {
      ...usage,
      cpuPercent: 399.9,
      memoryBytes: 1000 << 20,
      receivedBytes: 999_000,
      sentBytes: 1.23e12,
      pids: 4096,
    };
    const headings = [quiet, usage, busy].flatMap((used) =>
      ["Up 1 second", "Up 59 seconds", "Up About a minute", "Up 59 minutes (healthy)"].map((Status) => {
        const listed = containers.map((each, at) => (at === 0 ? { ...each, Status } : each));
        return shown(
          after(columns, 9, { type: "listed", lists: { containers: listed } }, { type: "used", id, usage: used }),
        )
          .split("\n")
          .at(1);
      }),
    );
    expect([...new Set(headings)]).toEqual([headings[0]]);
  });

  test("hardly any room", () => {
    expect(shown(after(20, 6))).toBe(`\
 1 containers 3/4
  NAME  STATE
> job   exited 3
  web2  healthy

? keys  q quit`);
    expect(shown(after(10, 3))).toBe("  NAME\n> job\n");
    expect(shown(after(1, 1))).toBe(">");
  });

  test.each([1, 2, 3, 4, 5, 7, 24, 60])("%d lines are never more, and the selected one is among them", (rows) => {
    const many = Array.from({ length: 100 }, (_, at) => container(`c${at}`));
    for (const columns of [1, 2, 9, 33, 80, 333]) {
      let model = after(columns, rows, { type: "listed", lists: { containers: many } });
      for (const key of ["end", "page-up", "up", "home", "page-down"]) {
        model = update(model, { type: "key", key }, NOW).model;
        const lines = paint(view(model), model.size, false).map((line) => line.replaceAll(/\u001b\[\d*m/g, ""));
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
        if (columns >= 33) expect(lines.filter((line) => line.startsWith("> ")).length).toBe(1);
      }
    }
  });

  test("others' words steer nothing", () => {
    const text = paint(view(after(80, 9)), { rows: 9, columns: 80 }, true).join("");
    expect(text).toContain("日本語");
    expect(text.match(/\u001b\[[^m]*m/g)?.every((code) => /^\u001b\[(?:0|1|2|7|31|32|33)m$/.test(code))).toBe(true);
  });

  test("without colours states are words still", () => {
    const lines = paint(view(after(80, 9)), { rows: 9, columns: 80 }, false).join("\n");
    expect(lines).toContain("healthy");
    expect(lines).not.toMatch(/\u001b\[3\d/);
  });

  test("a filter, typed and taken back", () => {
    expect(shown(after(80, 6, ...keys("/", "W", "e", "b", "2")))).toEndWith(`
> web2  healthy      12.3    50MiB  0.0.0.0:8080->80/tcp  nginx:1.27  Up 2 hour…

 Filter: Web2
 enter keep  escape undo`);
    expect(shown(after(80, 6, ...keys("/", "x", "y", "enter")))).toContain('nothing matches "xy": escape shows all');
    expect(after(80, 6, ...keys("/", "x", "escape")).filter).toBe("");
    expect(after(80, 6, ...keys("/", "x", "enter", "escape")).filter).toBe("");
    expect(shown(after(80, 7, ...keys("a")))).not.toContain("job");
  });
});

describe("other screens", () => {
  test("a question", () => {
    expect(
      shown(after(80, 7, ...keys("down", "d")))
        .split("\n")
        .slice(-2),
    ).toEqual([" Remove web2, which runs? y/N", " y yes  any other key no"]);
  });

  test("logs: the last lines, scrolled back, wrapped", () => {
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at} ${"x".repeat(at)}`);
    const id = containers[0]?.Id ?? "";
    const logged: readonly Message[] = [...keys("down", "l"), { type: "logged", id, lines }];
    expect(shown(after(32, 6, ...logged))).toBe(`\
 web2: logs
line 27 xxxxxxxxxxxxxxxxxxxxxxx…
line 28 xxxxxxxxxxxxxxxxxxxxxxx…
line 29 xxxxxxxxxxxxxxxxxxxxxxx…

 up/down scroll  w wrap  q back`);
    expect(shown(after(32, 6, ...logged, ...keys("w")))).toContain("line 29 xxxxxxxxxxxxxxxxxxxxxxxx\nxxxxx\n");
    const back = after(80, 6, ...logged, ...keys("up", "up"));
    expect(shown(back)).toContain("web2: logs, 2 lines back");
    // What comes meanwhile moves nothing.
    const more = update(back, { type: "logged", id, lines: ["new"] }, NOW).model;
    expect(shown(more).split("\n").slice(1, 4)).toEqual(shown(back).split("\n").slice(1, 4));
    expect(shown(after(80, 6, ...logged, ...keys("home")))).toContain(
      "\nline 0 \nline 1 x\nline 2 xx\n".replaceAll(" \n", "\n"),
    );
    expect(shown(after(80, 6, ...logged, { type: "log-ended", id }))).toContain("-- it has ended --");
  });

  test("use, with its course and the processes", () => {
    const id = containers[0]?.Id ?? "";
    const processes = { titles: ["UID", "PID", "CMD"], rows: [["root", "17", "nginx: master process"]] };
    const samples: readonly Message[] = [10, 50, 99].map((cpuPercent) => ({
      type: "used",
      id,
      usage: { ...usage, cpuPercent },
    }));
    expect(shown(after(80, 13, ...keys("down", "t"), ...samples, { type: "processes", id, processes }))).toBe(`\
 web2: use                                               unix:///run/berth.sock
  CPU       99.00 %                ▁▅█
  Memory    50MiB / 1GiB           ▇▇▇
            4.88 %
  Network   1.23kB in, 5.68MB out
  Disk      0B read, 4.1kB written
  Processes 5

  UID   PID  CMD
  root  17   nginx: master process


 q back`);
  });

  test("images, volumes, networks", () => {
    const lists: Partial<Lists> = {
      images: [
        {
          Id: `sha256:${"a".repeat(64)}`,
          ParentId: "",
          RepoTags: ["web:2", "web:1"],
          RepoDigests: [],
          Created: NOW / 1000 - 86_400 * 3,
          Size: 123_456_789,
          SharedSize: -1,
          Labels: null,
          Containers: -1,
        },
      ],
      volumes: [
        {
          Name: "data",
          Driver: "local",
          CreatedAt: "2026-01-02T03:04:05Z",
          Mountpoint: "/var/lib/berth/volumes/data/_data",
          Labels: null,
          Options: null,
          Scope: "local",
        },
      ],
    };
    const listed: Message = { type: "listed", lists };
    expect(shown(after(80, 7, listed, ...keys("2")))).toBe(`\
 1 containers   2 images 2   3 volumes   4 networks      unix:///run/berth.sock
  IMAGE  ID             SIZE  CREATED
> web:1  aaaaaaaaaaaa  123MB  3 days ago
  web:2  aaaaaaaaaaaa  123MB  3 days ago


 enter inspect  d remove  / filter  ? keys  q quit`);
    expect(
      shown(after(80, 5, listed, ...keys("3")))
        .split("\n")
        .slice(1, 3),
    ).toEqual([
      "  VOLUME  DRIVER  MADE                 PLACE",
      "> data    local   2026-01-02 03:04:05  /var/lib/berth/volumes/data/_data",
    ]);
    expect(shown(after(80, 5, ...keys("4")))).toContain("no networks yet");
  });

  test("an engine that went away", () => {
    const lost: Message = { type: "connection", lost: "Cannot connect" };
    expect(shown(after(80, 7, lost))).toContain(" Trying again: Cannot connect");
    expect(shown(after(80, 7, lost, { type: "connection", lost: undefined }))).not.toContain("Cannot");
  });
});

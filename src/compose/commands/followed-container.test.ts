import { expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import { formatTimeFixed, parseTime } from "#base/time.ts";
import type { LogsOptions } from "#client/containers-api.ts";
import type { ContainerInspect } from "#spec/docker/container.ts";
import { FollowedContainer } from "./followed-container.ts";

/** An engine with one container, whose runs begin and end when the test says so: at a question, for one. */
class Lab {
  readonly runs: (readonly string[])[] = [];
  readonly printed: string[] = [];
  gone = false;
  restarting = false;
  atInspect = (): void => {};
  atRead = (): void => {};
  readonly followed: FollowedContainer;

  constructor(asked: { readonly tail?: string; readonly timestamps?: boolean } = {}) {
    this.followed = new FollowedContainer({
      containers: {
        inspect: async () => {
          const answer = this.#answer();
          this.#next("atInspect");
          return answer;
        },
        logs: async (_, options) => this.#read(options),
      },
      printer: {
        sink: (_name, _terminal, shown) => ({
          push: (chunk) => {
            const line = new TextDecoder().decode(chunk);
            this.printed.push(shown?.(line) ?? line);
          },
          end() {},
        }),
        say: (_, sentence) => void this.printed.push(sentence),
      },
      sleep: async () => void (this.restarting = false),
      id: "id",
      name: "name",
      timestamps: false,
      since: "",
      until: "",
      tail: "all",
      ...asked,
    });
  }

  run(...lines: readonly string[]): void {
    this.runs.push(lines);
  }

  /** It was told of before whoever asked has the answer. */
  runAndTell(...lines: readonly string[]): void {
    this.run(...lines);
    void this.followed.follow();
  }

  #next(which: "atInspect" | "atRead"): void {
    const act = this[which];
    this[which] = () => {};
    act();
  }

  #answer(): ContainerInspect {
    if (this.gone) throw new BerthError("not-found", "No such container");
    const State = {
      Running: this.restarting,
      Restarting: this.restarting,
      ExitCode: 7,
      StartedAt: time(this.runs.length, 0),
    };
    return { State, Config: { Tty: false } } as ContainerInspect;
  }

  async *#read({ since = "", tail = "all" }: LogsOptions): AsyncGenerator<Uint8Array> {
    const all = this.runs.flatMap((lines, run) => lines.map((line, at) => [time(run + 1, at + 1), line] as const));
    const [seconds = "0", fraction = ""] = since.split(".");
    const sinceNs = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
    const wanted = all.filter(([written]) => parseTime(written) >= sinceNs);
    this.#next("atRead");
    for (const [written, line] of tail === "all" ? wanted : wanted.slice(-Number(tail)))
      yield new TextEncoder().encode(`${written} ${line}`);
  }
}

const time = (run: number, at: number): string => formatTimeFixed(BigInt(run) * 1_000_000_000n + BigInt(at));

test("lines of one run, and no end of what was not up", async () => {
  const lab = new Lab();
  lab.run("one", "two");
  await lab.followed.follow();
  expect(lab.printed).toEqual(["one", "two"]);
});

test("a start that is told before the end before it is known", async () => {
  const lab = new Lab();
  lab.run("first");
  lab.atRead = () => {
    lab.atInspect = () => lab.runAndTell("second");
  };
  await lab.followed.follow();
  expect(lab.printed).toEqual(["first", "second", "exited with code 7"]);
});

test("a run that was over before anybody looked, of a container that waits for the next by its policy", async () => {
  const lab = new Lab();
  lab.run("first");
  lab.atRead = () => {
    lab.run("second");
    lab.restarting = true;
    lab.atInspect = () => lab.run("third");
  };
  await lab.followed.follow();
  expect(lab.printed).toEqual(["first", "second", "third", "exited with code 7"]);
});

test("the first lines of the next run, which came with the last ones before it, are not shown again", async () => {
  const lab = new Lab();
  lab.run("first");
  await lab.followed.follow();
  lab.run("second");
  lab.atInspect = () => lab.run("third");
  await lab.followed.follow();
  expect(lab.printed).toEqual(["first", "second", "third", "exited with code 7"]);
});

test("the end of the log is meant once: of later runs every line is wanted", async () => {
  const lab = new Lab({ tail: "1", timestamps: true });
  lab.run("first", "last");
  lab.atRead = () => lab.run("second", "third");
  await lab.followed.follow();
  expect(lab.printed).toEqual([
    `${time(1, 2)} last`,
    `${time(2, 1)} second`,
    `${time(2, 2)} third`,
    "exited with code 7",
  ]);
});

test("what has gone has no end to tell of", async () => {
  const lab = new Lab();
  lab.run("first");
  lab.atRead = () => void (lab.gone = true);
  await lab.followed.follow();
  expect(lab.printed).toEqual(["first"]);
});

import { expect, test } from "bun:test";
import { alongDependencies } from "./along-dependencies.ts";

const depends: Readonly<Record<string, readonly string[]>> = {
  web: ["app"],
  app: ["db", "cache"],
  db: [],
  cache: ["elsewhere"],
};
const names = ["web", "app", "db", "cache"];
const of = (name: string): readonly string[] => depends[name] ?? [];

async function order(reverse: boolean): Promise<string> {
  const done: string[] = [];
  const work = async (name: string): Promise<void> => {
    for (let turns = name === "db" ? 50 : 1; turns > 0; turns--) await Promise.resolve();
    done.push(name);
  };
  await alongDependencies(names, of, work, { reverse });
  return done.join(" ");
}

test("what is depended on comes first, or last", async () => {
  expect(await order(false)).toBe("cache db app web");
  expect(await order(true)).toBe("web app cache db");
});

test("a failure keeps what follows from beginning, and is thrown", async () => {
  const done: string[] = [];
  const run = alongDependencies(names, of, async (name) => {
    if (name === "db") throw new Error("no disk");
    done.push(name);
    return Promise.resolve();
  });
  expect(run).rejects.toThrow("no disk");
  await run.catch(() => undefined);
  expect(done).toEqual(["cache"]);
});

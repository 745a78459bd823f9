import { expect, test } from "bun:test";
import { BerthError, messageOf } from "#base/errors.ts";
import type { BuildGraph } from "../graph/types.ts";
import type { SolveRequest } from "./solve-request.ts";
import { Solver } from "./solve.ts";
import { context, copy, exec, FakeWorld, graphOf, image, noSettings, vertex } from "./testing/fake-build.ts";

function solver(
  world: FakeWorld,
  onFailed?: SolveRequest["onFailed"],
): (graph: BuildGraph, signal?: AbortSignal) => ReturnType<Solver["solve"]> {
  const made = new Solver({ newRunner: () => world, digests: world });
  return (graph, signal = new AbortController().signal) =>
    made.solve({
      graph,
      sources: world,
      cache: world.cache,
      settings: noSettings,
      fillMount: async () => false,
      signal,
      onEvent: (event) => world.events.push(event),
      onFailed,
    });
}

const chain = graphOf([vertex(image("a")), vertex(exec(0, "one")), vertex(exec(1, "two"))]);

test("a step's layer lies on its base's, and the next build finds both in the cache", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  const { tree } = await (await solve(chain))(2);
  expect(tree.kind === "layers" && tree.layers.map(({ path }) => path)).toEqual([
    "/images/a",
    "/layers/1",
    "/layers/2",
  ]);
  await solve(chain);
  expect(world.ran).toEqual(["RUN one", "RUN two"]);
  expect(world.events.filter((event) => event.type === "done" && event.cached)).toHaveLength(2);
});

test("what steps hand on is taken away at the end, also of a build that fails", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  await solve(chain);
  expect(world.ended).toBe(1);
  world.during = () => Promise.reject(new BerthError("invalid-parameter", "no"));
  await solve(graphOf([vertex(image("b")), vertex(exec(0, "one"))])).catch(() => {});
  expect(world.ended).toBe(2);
});

test("another base image means other keys", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  await solve(chain);
  await solve(graphOf([vertex(image("b")), vertex(exec(0, "one"))]));
  expect(world.ran).toEqual(["RUN one", "RUN two", "RUN one"]);
});

test("steps that do not need each other run together", async () => {
  const world = new FakeWorld();
  const both = Promise.withResolvers<void>();
  world.during = async ({ vertex: { name } }) => {
    if (name === "copy") return;
    if (world.ran.length === 2) both.resolve();
    await both.promise;
  };
  await solver(world)(
    graphOf([vertex(image("a")), vertex(exec(0, "left")), vertex(exec(0, "right")), vertex(copy(1, 2))]),
  );
  expect(world.ran.toSorted()).toEqual(["RUN left", "RUN right", "copy"]);
});

test("equal steps of builds at the same time run once", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  await Promise.all(Array.from({ length: 50 }, () => solve(chain)));
  expect(world.ran).toEqual(["RUN one", "RUN two"]);
});

test("a stage that only a found step needed is not built", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  const graph = graphOf([vertex(image("a")), vertex(exec(0, "tool")), vertex(copy(0, 1))]);
  await solve(graph);
  for (const [key, step] of world.cache.steps)
    if (step.record.description === "RUN tool") world.cache.steps.delete(key);
  await solve(graph);
  expect(world.ran).toEqual(["RUN tool", "copy"]);
});

test("a copy out of a stage that was built anew to the same files is found by what it copies", async () => {
  const world = new FakeWorld();
  world.content = () => "the same files";
  const solve = solver(world);
  await solve(graphOf([vertex(image("a")), vertex(exec(0, "make")), vertex(copy(0, 1)), vertex(exec(2, "after"))]));
  await solve(
    graphOf([vertex(image("a")), vertex(exec(0, "make again")), vertex(copy(0, 1)), vertex(exec(2, "after"))]),
  );
  expect(world.ran).toEqual(["RUN make", "copy", "RUN after", "RUN make again"]);
});

test("a changed file of the context is a new copy, and everything on it is new", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  const graph = graphOf([vertex(image("a")), vertex(context()), vertex(copy(0, 1)), vertex(exec(2, "after"))]);
  world.content = () => "before";
  await solve(graph);
  world.content = () => "after";
  await solve(graph);
  expect(world.ran).toEqual(["copy", "RUN after", "copy", "RUN after"]);
});

test("what is to be built anew runs, what stands on it too, and the next build finds the new one", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  const anew = graphOf([vertex(image("a")), vertex(exec(0, "one"), { ignoreCache: true }), vertex(exec(1, "two"))]);
  await solve(chain);
  await solve(anew);
  expect(world.ran).toEqual(["RUN one", "RUN two", "RUN one", "RUN two"]);
  await solve(chain);
  expect(world.ran).toHaveLength(4);
});

test("a step that was not found says why", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  await solve(chain);
  await solve(graphOf([vertex(image("a")), vertex(exec(0, "one"), { ignoreCache: true }), vertex(exec(1, "two"))]));
  expect(
    world.events.flatMap((event) =>
      event.type === "done" && !event.cached && event.why !== undefined ? [event.why] : [],
    ),
  ).toEqual([
    "this instruction was not built before",
    "what it is made from was built anew: RUN one",
    "the cache was not to be used",
    "what it is made from was built anew: RUN one",
  ]);
});

test("the first failure stops what else the build is doing, and its reason is told", async () => {
  const world = new FakeWorld();
  const running = Promise.withResolvers<void>();
  world.during = async ({ vertex: { name }, signal }) => {
    if (name === "RUN bad") {
      await running.promise;
      throw new BerthError("invalid-parameter", "exit code 1", { details: { exitCode: 1 } });
    }
    running.resolve();
    await aborted(signal);
  };
  const graph = graphOf([vertex(image("a")), vertex(exec(0, "bad")), vertex(exec(0, "long")), vertex(copy(1, 2))]);
  await expect(solver(world)(graph)).rejects.toThrow("exit code 1");
  expect(world.stopped.toSorted()).toEqual(["RUN bad", "RUN long"]);
});

test("a build that is cancelled leaves the step to those who still want it", async () => {
  const world = new FakeWorld();
  const solve = solver(world);
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  world.during = async () => {
    begun.resolve();
    await goOn.promise;
  };
  const graph = graphOf([vertex(image("a")), vertex(exec(0, "shared"))]);
  const abort = new AbortController();
  const left = solve(graph, abort.signal);
  const stays = solve(graph);
  await begun.promise;
  abort.abort();
  await expect(left).rejects.toMatchObject({ kind: "cancelled" });
  goOn.resolve();
  await stays;
  expect(world.ran).toEqual(["RUN shared"]);
});

test("the last one who leaves stops the step and waits for it", async () => {
  const world = new FakeWorld();
  const begun = Promise.withResolvers<void>();
  world.during = async ({ signal }) => {
    begun.resolve();
    await aborted(signal);
  };
  const abort = new AbortController();
  const left = solver(world)(chain, abort.signal);
  await begun.promise;
  abort.abort();
  await expect(left).rejects.toMatchObject({ kind: "cancelled" });
  expect(world.stopped).toEqual(["RUN one"]);
});

const failing = (name: string): FakeWorld["during"] =>
  async function fail({ vertex: found }) {
    if (found.name === name) throw new BerthError("invalid-parameter", "exit code 1", { details: { exitCode: 1 } });
  };

test.each([
  ["a command where it stopped", chain, "RUN two", "in RUN two"],
  ["another step on what it stood on", graphOf([vertex(image("a")), vertex(copy(0, 0))]), "copy", "before copy"],
])("the place of a failure: %s", async (_, graph, name, place) => {
  const world = new FakeWorld();
  world.during = failing(name);
  const seen: unknown[] = [];
  const onFailed = async (error: unknown): Promise<void> => void seen.push(messageOf(error), ...world.places);
  await expect(solver(world, onFailed)(graph)).rejects.toThrow("exit code 1");
  expect(seen).toEqual(["exit code 1", place]);
  expect(world.places).toEqual([]);
});

test("nobody is shown a place of a build that was cancelled, and none is left", async () => {
  const world = new FakeWorld();
  const abort = new AbortController();
  world.during = async (request) => {
    abort.abort();
    await aborted(request.signal);
  };
  const shown: unknown[] = [];
  const solve = solver(world, async (error) => void shown.push(error));
  await expect(solve(chain, abort.signal)).rejects.toMatchObject({ kind: "cancelled" });
  expect([shown, world.places]).toEqual([[], []]);
});

async function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(new BerthError("cancelled", "stopped")), { once: true });
  if (signal.aborted) reject(new BerthError("cancelled", "stopped"));
  return promise;
}

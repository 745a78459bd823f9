import { afterAll, beforeAll, expect, test } from "bun:test";
import { PullCounter } from "#registry/events/pull-counter.ts";
import { errorCode, serveRegistry, type ServedRegistry } from "./testing/served-registry.ts";

let registry: ServedRegistry;

beforeAll(async () => {
  registry = serveRegistry();
  const pulls = new PullCounter(registry.context);
  const { repositories } = registry.context;
  for (const name of ["web", "team/web", "website", "tools/x-web", "team/app", "team/busy", "repositories/odd"]) {
    await registry.pushImage(name, "v1", name);
  }
  repositories.describe(repositories.find("team/app")?.id ?? 0, "Serves the Web, 100%_sure", "# App");
  for (let at = 0; at < 3; at += 1) await registry.send("GET", "/v2/team/busy/manifests/v1");
  await registry.send("HEAD", "/v2/team/app/manifests/v1");
  pulls.flush();
});
afterAll(() => registry.stop());

async function json(path: string): Promise<any> {
  const answer = await registry.send("GET", path);
  expect(answer.status).toBe(200);
  return answer.json();
}

const names = async (query: string): Promise<unknown> =>
  (await json(`/v1/search?${query}`)).results.map(({ name }: { name: string }) => name);

test("the probe that docker begins with", async () => {
  const answer = await registry.send("GET", "/v1/_ping");
  expect([answer.status, answer.headers.get("x-docker-registry-standalone"), await answer.json()]).toEqual([
    200,
    "true",
    { standalone: true },
  ]);
});

test.each([
  ["q=web", ["web", "team/web", "website", "tools/x-web", "team/app"]],
  ["q=web&n=2", ["web", "team/web"]],
  ["q=WEB+team", ["team/web", "team/app"]],
  ["q=100%25_sure", ["team/app"]],
  ["q=%25", ["team/app"]],
  ["q='", []],
  ["q=busy", ["team/busy"]],
])("%s", async (query, expected) => {
  expect(await names(query)).toEqual(expected);
});

test("in Docker's shape", async () => {
  expect(await json("/v1/search?q=app")).toEqual({
    num_results: 1,
    query: "app",
    page_size: 25,
    page: 1,
    results: [
      {
        name: "team/app",
        description: "Serves the Web, 100%_sure",
        star_count: 0,
        is_official: false,
        is_automated: false,
      },
    ],
  });
  expect((await names("q=")) as string[]).toContain("team/busy");
});

test("in Docker Hub's shape", async () => {
  const first = await json("/v2/search/repositories/?query=team&page_size=2");
  expect([first.count, first.previous, first.results.map((each: any) => [each.repo_name, each.pull_count])]).toEqual([
    3,
    null,
    [
      ["team/busy", 3],
      ["team/app", 0],
    ],
  ]);
  const second = await json(first.next);
  expect([second.next, second.results.length]).toEqual([null, 1]);
  expect(await json("/v2/repositories/team/app/")).toMatchObject({
    name: "app",
    namespace: "team",
    full_description: "# App",
  });
  const tags = await json("/v2/repositories/team/app/tags?page_size=1");
  expect([tags.count, tags.results[0].name, tags.results[0].images.length]).toEqual([1, "v1", 1]);
  expect((await json("/v2/repositories/team/app/tags/v1/")).full_size).toBe(2 + "team/app".length);
  expect(await errorCode(await registry.send("GET", "/v2/repositories/none/"))).toBe("404 NAME_UNKNOWN");
  expect(await errorCode(await registry.send("GET", "/v2/repositories/web/tags/v9"))).toBe("404 MANIFEST_UNKNOWN");
});

test("a repository that is called so is still one", async () => {
  expect((await registry.send("GET", "/v2/repositories/odd/manifests/v1")).status).toBe(200);
  expect((await json("/v2/repositories/odd/tags/list")).tags).toEqual(["v1"]);
});

import { describe, expect, test } from "bun:test";
import { loadProject } from "../load/load-project.ts";
import { parseYaml } from "../source/parse-yaml.ts";
import { WatchRules } from "./watch-rules.ts";

function rules(text: string, ignoreFile?: string): WatchRules {
  const { services } = loadProject(
    {
      files: ["/p/compose.yaml"],
      workingDirectory: "/p",
      name: "shop",
      environmentFiles: [],
      shell: {},
      profiles: [],
      services: [],
      homeFolder: "/",
    },
    { readText: (path) => (path === "/p/compose.yaml" ? text : undefined), parse: parseYaml },
  );
  return new WatchRules([...services.values()], () => ignoreFile);
}

const shop = `
services:
  web:
    build: .
    develop:
      watch:
        - { path: ./web, action: sync, target: /srv, ignore: [node_modules/, "*.log"] }
        - { path: ./web/conf, action: sync+restart, target: /etc/web }
        - { path: ./package.json, action: rebuild }
        - { path: ./sql, action: sync+exec, target: /sql, include: ["*.sql"], exec: { command: reload } }
  worker:
    image: busybox
    develop: { watch: [{ path: ./web, action: restart }, { path: ./init, action: sync, target: /init, initial_sync: true }] }
`;

const workOf = (watched: WatchRules, ...paths: readonly string[]) => {
  const { rebuild, sync, restart, exec } = watched.workOf(paths);
  return {
    rebuild,
    sync: [...sync].flatMap(([name, pairs]) => pairs.map((pair) => `${name} ${pair.host} ${pair.container}`)),
    restart,
    exec: [...exec].flatMap(([name, hooks]) => hooks.map(({ command }) => `${name} ${command?.join(" ")}`)),
  };
};

describe("what changed files ask for", () => {
  test("each rule its own", () => {
    expect(workOf(rules(shop), "/p/web/a.js", "/p/elsewhere")).toEqual({
      rebuild: [],
      sync: ["web /p/web/a.js /srv/a.js"],
      restart: ["worker"],
      exec: [],
    });
    expect(workOf(rules(shop), "/p/web/conf/x")).toEqual({
      rebuild: [],
      sync: ["web /p/web/conf/x /srv/conf/x", "web /p/web/conf/x /etc/web/x"],
      restart: ["web", "worker"],
      exec: [],
    });
  });

  test("a command once, however many files changed", () => {
    expect(workOf(rules(shop), "/p/sql/a.sql", "/p/sql/b.sql", "/p/sql/README")).toEqual({
      rebuild: [],
      sync: ["web /p/sql/a.sql /sql/a.sql", "web /p/sql/b.sql /sql/b.sql"],
      restart: [],
      exec: ["web reload"],
    });
  });

  test("nothing but a build for what is built anew", () => {
    expect(workOf(rules(shop), "/p/package.json", "/p/web/conf/x")).toEqual({
      rebuild: ["web"],
      sync: [],
      restart: ["worker"],
      exec: [],
    });
  });

  test("what is ignored: by the rule, by the build, by custom", () => {
    for (const path of ["web/node_modules/x/y", "web/a.log", "web/.git/HEAD", "web/.a.js.swp", "web/a~"])
      expect(workOf(rules(shop), `/p/${path}`).sync).toEqual([]);
    expect(workOf(rules(shop, "web/*.md\n"), "/p/web/a.md").sync).toEqual([]);
    expect(workOf(rules(shop, "*\n!web/b.md\n"), "/p/web/a.md", "/p/web/b.md").sync).toEqual([
      "web /p/web/b.md /srv/b.md",
    ]);
  });
});

test("a file by itself is its target", () => {
  const one = "services: {s: {image: i, develop: {watch: [{path: ./a, action: sync, target: /etc/b}]}}}";
  expect(workOf(rules(one), "/p/a").sync).toEqual(["s /p/a /etc/b"]);
});

test("roots, and folders that need no watching", () => {
  const watched = rules(shop);
  expect(watched.roots).toEqual(["/p/init", "/p/package.json", "/p/sql", "/p/web"]);
  expect(watched.isSkipped("/p/web/node_modules")).toBe(false);
  expect(watched.isSkipped("/p/web/.git")).toBe(true);
  const alone = rules(shop.replace("{ path: ./web, action: restart }, ", ""));
  expect(alone.isSkipped("/p/web/node_modules")).toBe(true);
  expect(rules(shop, "web/sub\n!web/sub/kept\n").isSkipped("/p/web/sub")).toBe(false);
});

test("files that are wanted from the beginning", () => {
  const work = rules(shop).initialSync((path) => [`${path}/a`, `${path}/b~`]);
  expect([...work.sync]).toEqual([["worker", [{ host: "/p/init/a", container: "/init/a" }]]]);
});

test("a folder that is mounted anyway is left out, with a word", () => {
  const mounted =
    "services: {s: {image: i, volumes: ['./a:/a'], develop: {watch: [{path: ./a/b, action: sync, target: /x}]}}}";
  const watched = rules(mounted);
  expect([watched.roots, watched.warnings]).toEqual([[], [expect.stringContaining("/p/a/b")]]);
});

test.each([
  ["{path: ., action: rebuild}", /without a build context/],
  ["{path: ., action: sync}", /needs a target/],
  ["{path: ., action: sync+exec, target: /x}", /without a command/],
])("%s cannot work", (rule, message) => {
  expect(() => rules(`services: {s: {image: i, develop: {watch: [${rule}]}}}`)).toThrow(message);
});

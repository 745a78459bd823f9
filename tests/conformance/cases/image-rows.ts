import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Target } from "../target.ts";

/** One request and what is answered to it, in words that every version of Docker has in common. */
interface ApiRow {
  readonly name: string;
  /** `METHOD /path?query`, without the version. */
  readonly request: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Of 20.10, where it has another: it called many a wrong request its own fault. */
  readonly statusOf20?: number;
  /** Of the body. */
  readonly says?: string | RegExp;
  /** What the body, as JSON, gives; compared with `is`. */
  readonly of?: (value: never) => unknown;
  readonly is?: unknown;
}

interface Listed {
  readonly RepoTags: readonly string[] | null;
  readonly SharedSize: number;
}

const filters = (value: object): string => encodeURIComponent(JSON.stringify(value));
const base64 = (value: string): string => Buffer.from(value).toString("base64url");
const tagsOf = (images: readonly Listed[]): readonly string[] =>
  images
    .flatMap(({ RepoTags }) => RepoTags ?? [])
    .filter((tag) => tag.startsWith("rows/"))
    .toSorted();
const list = (value: object, is: readonly string[]): ApiRow => ({
  name: `list: ${JSON.stringify(value)}`,
  request: `GET /images/json?filters=${filters(value)}`,
  status: 200,
  of: tagsOf,
  is,
});
const JSON_TYPE = { "content-type": "application/json" };
const ALL = ["rows/a:1", "rows/a:2", "rows/b:1"];

/**
 * Every parameter and every refusal of the rows of the API's reference about images, `/commit`, `/auth` and `/distribution`
 * that other cases do not see through a client. `rows/a:1` and `rows/a:2` are one image with a label, `rows/b:1` is made of
 * it, and a container `rows` is there.
 */
const rows: readonly ApiRow[] = [
  list({}, ALL),
  list({ reference: ["rows/a"] }, ["rows/a:1", "rows/a:2"]),
  list({ reference: ["rows/*:1"] }, ["rows/a:1", "rows/b:1"]),
  list({ reference: { "rows/b": true } }, ["rows/b:1"]),
  list({ label: ["kind=rows"] }, ALL),
  list({ label: ["only"] }, ["rows/b:1"]),
  list({ label: ["kind=other"] }, []),
  list({ dangling: ["true"] }, []),
  list({ dangling: ["false"], reference: ["rows/b"] }, ["rows/b:1"]),
  list({ before: ["rows/b:1"], reference: ["rows/*"] }, ["rows/a:1", "rows/a:2"]),
  list({ since: ["rows/a:1"], reference: ["rows/*"] }, ["rows/b:1"]),
  {
    name: "list: before what is not there",
    request: `GET /images/json?filters=${filters({ before: ["rows/none"] })}`,
    status: 404,
    says: /No such image: rows\/none/,
  },
  {
    name: "list: an unknown filter",
    request: `GET /images/json?filters=${filters({ nonsense: ["x"] })}`,
    status: 400,
    says: /[Ii]nvalid filter 'nonsense'/,
  },
  {
    name: "list: dangling perhaps",
    request: `GET /images/json?filters=${filters({ dangling: ["perhaps"] })}`,
    status: 400,
    says: /[Ii]nvalid filter 'dangling=\[?"?perhaps"?\]?'/,
  },
  {
    name: "list: filters that are no JSON",
    request: "GET /images/json?filters=nonsense",
    status: 400,
    statusOf20: 500,
  },
  {
    name: "inspect: not there",
    request: "GET /images/rows/none/json",
    status: 404,
    says: /No such image: rows\/none:latest"}\n$/,
  },
  { name: "inspect: no name", request: "GET /images/rows/UPPER/json", status: 400, says: /must be lowercase/ },
  { name: "history: not there", request: "GET /images/rows/none/history", status: 404, says: /No such image/ },
  {
    name: "history: of what another was made of",
    request: "GET /images/rows/b:1/history",
    status: 200,
    of: (steps: readonly { Comment: string; Tags: readonly string[] | null }[]) =>
      steps.map(({ Comment, Tags }) => [Comment, Tags]),
    is: [
      ["said", ["rows/b:1"]],
      ["imported", ["rows/a:1", "rows/a:2"]],
    ],
  },
  { name: "tag: 201", request: "POST /images/rows/a:1/tag?repo=rows/c&tag=9", status: 201, says: "" },
  { name: "tag: without a tag it is latest", request: "POST /images/rows/a:1/tag?repo=rows/c", status: 201 },
  {
    name: "untag: told one by one",
    request: "DELETE /images/rows/c:latest",
    status: 200,
    says: '[{"Untagged":"rows/c:latest"}]\n',
  },
  { name: "untag: the other", request: "DELETE /images/rows/c:9?noprune=1", status: 200, says: /Untagged/ },
  { name: "tag: not there", request: "POST /images/rows/none/tag?repo=rows/c", status: 404, says: /No such image/ },
  {
    name: "tag: upper case",
    request: "POST /images/rows/a:1/tag?repo=UPPER",
    status: 400,
    statusOf20: 500,
    says: /must be lowercase/,
  },
  {
    name: "tag: a tag that is none",
    request: "POST /images/rows/a:1/tag?repo=rows/c&tag=a/b",
    status: 400,
    statusOf20: 500,
    says: /invalid tag format/,
  },
  { name: "remove: not there", request: "DELETE /images/rows/none", status: 404, says: /No such image: rows\/none/ },
  { name: "remove: nothing named", request: "DELETE /images/%20", status: 400 },
  {
    name: "remove: in use, by its last name",
    request: "DELETE /images/rows/b:1",
    status: 409,
    says: /conflict: unable to remove repository reference \\"rows\/b:1\\" \(must force\) - container/,
  },
  {
    name: "create: neither from anything",
    request: "POST /images/create?fromImage=UPPER",
    status: 400,
    says: /invalid reference format|must be lowercase/,
  },
  {
    name: "create: a tag that is none",
    request: "POST /images/create?fromImage=rows/a&tag=a%20b",
    status: 400,
    says: /invalid (tag|reference) format/,
  },
  {
    name: "create: from what is not answered",
    request: "POST /images/create?fromImage=127.0.0.1:1/rows&tag=1",
    status: 500,
    says: /connect: connection refused/,
  },
  {
    name: "create: changes that are none",
    request: `POST /images/create?fromSrc=-&repo=rows/c&changes=${encodeURIComponent("RUN x")}`,
    body: writeTar([]),
    status: 400,
    says: /run is not a valid change command/i,
  },
  {
    name: "search: too many",
    request: "GET /images/search?term=x&limit=101",
    status: 400,
    says: /outside the range of \[1, 100\]/,
  },
  { name: "search: limit is no number", request: "GET /images/search?term=x&limit=many", status: 400, statusOf20: 500 },
  {
    name: "search: an unknown filter",
    request: `GET /images/search?term=x&filters=${filters({ nonsense: ["x"] })}`,
    status: 400,
    says: /[Ii]nvalid filter/,
  },
  {
    name: "search: stars are no number",
    request: `GET /images/search?term=127.0.0.1:1/x&filters=${filters({ stars: ["many"] })}`,
    status: 400,
    says: /[Ii]nvalid filter 'stars=\[?many\]?'/,
  },
  {
    name: "prune: an unknown filter",
    request: `POST /images/prune?filters=${filters({ nonsense: ["x"] })}`,
    status: 400,
    says: /[Ii]nvalid filter 'nonsense'/,
  },
  {
    name: "prune: dangling perhaps",
    request: `POST /images/prune?filters=${filters({ dangling: ["perhaps"] })}`,
    status: 400,
    says: /[Ii]nvalid filter 'dangling=/,
  },
  {
    name: "prune: two times of until",
    request: `POST /images/prune?filters=${filters({ until: ["1h", "2h"] })}`,
    status: 400,
    statusOf20: 500,
    says: /more than one until filter specified/,
  },
  {
    name: "prune: nothing is old enough",
    request: `POST /images/prune?filters=${filters({ dangling: ["false"], until: ["100000h"] })}`,
    status: 200,
    says: '{"ImagesDeleted":null,"SpaceReclaimed":0}\n',
  },
  {
    name: "prune: nothing without the label",
    request: `POST /images/prune?filters=${filters({ dangling: ["false"], label: ["nobody"] })}`,
    status: 200,
    says: '{"ImagesDeleted":null,"SpaceReclaimed":0}\n',
  },
  {
    name: "commit: no container",
    request: "POST /commit?container=none",
    headers: JSON_TYPE,
    body: "{}",
    status: 404,
    says: /No such container: none/,
  },
  {
    name: "commit: no name",
    request: "POST /commit?container=rows&repo=UPPER",
    headers: JSON_TYPE,
    body: "{}",
    status: 400,
    statusOf20: 500,
    says: /must be lowercase/,
  },
  {
    name: "commit: changes that are none",
    request: `POST /commit?container=rows&changes=${encodeURIComponent("RUN x")}`,
    headers: JSON_TYPE,
    body: "{}",
    status: 400,
    says: /run is not a valid change command/i,
  },
  {
    name: "get: not there",
    request: "GET /images/rows/none/get",
    status: 404,
    says: /No such image: rows\/none|reference does not exist/,
  },
  { name: "get of several: one is not there", request: "GET /images/get?names=rows/a:1&names=rows/none", status: 404 },
  {
    name: "push: without X-Registry-Auth it is nobody's",
    request: "POST /images/127.0.0.1:1/rows/push?tag=1",
    status: 200,
    statusOf20: 400,
    says: /X-Registry-Auth|An image does not exist locally with the tag: 127\.0\.0\.1:1\/rows/,
  },
  {
    name: "push: not there",
    request: "POST /images/127.0.0.1:1/rows/push?tag=1",
    headers: { "x-registry-auth": base64("{}") },
    status: 200,
    says: /An image does not exist locally with the tag: 127\.0\.0\.1:1\/rows/,
  },
  {
    name: "auth: no JSON",
    request: "POST /auth",
    headers: JSON_TYPE,
    body: "nonsense",
    status: 400,
    statusOf20: 500,
  },
  {
    name: "auth: nobody answers",
    request: "POST /auth",
    headers: JSON_TYPE,
    body: '{"username":"a","password":"b","serveraddress":"127.0.0.1:1"}',
    status: 500,
    says: /connection refused/,
  },
  {
    name: "commit: a tag that is none",
    request: "POST /commit?container=rows&repo=rows/c&tag=a/b",
    headers: JSON_TYPE,
    body: "{}",
    status: 400,
    statusOf20: 500,
    says: /invalid tag format/,
  },
  {
    name: "commit: no JSON",
    request: "POST /commit?container=rows",
    headers: JSON_TYPE,
    body: "nonsense",
    status: 400,
    statusOf20: 500,
  },
  {
    name: "create: a tag of an import that is none",
    request: "POST /images/create?fromSrc=-&repo=rows/c&tag=a/b",
    headers: { "content-type": "application/x-tar" },
    body: writeTar([]),
    status: 400,
    says: /invalid (tag|reference) format/,
  },
  {
    name: "create: an import for what runs elsewhere",
    request: "POST /images/create?fromSrc=-&repo=rows/c&platform=plan9/amd64",
    headers: { "content-type": "application/x-tar" },
    body: writeTar([]),
    status: 400,
    says: /operating system is not supported/,
  },
  {
    name: "create: a platform that is none",
    request: "POST /images/create?fromImage=127.0.0.1:1/rows&tag=1&platform=a/b/c/d",
    status: 400,
    says: /cannot parse platform specifier/,
  },
  {
    name: "search: nobody answers",
    request: "GET /images/search?term=127.0.0.1:1/x",
    status: 500,
    says: /connection refused|invalid registry endpoint/,
  },
  {
    name: "distribution: nobody answers",
    request: "GET /distribution/127.0.0.1:1/rows/json",
    status: 500,
    says: /connection refused/,
  },
  {
    name: "get: by name, as a tar",
    request: "GET /images/rows/a:2/get",
    status: 200,
    says: /^[\s\S]*manifest\.json[\s\S]*$/,
  },
  { name: "distribution: no name", request: "GET /distribution/UPPER/json", status: 400, says: /must be lowercase/ },
  {
    name: "distribution: an id",
    request: `GET /distribution/${"a".repeat(64)}/json`,
    status: 400,
    statusOf20: 500,
    says: /no manifest found for full image ID|unknown image reference|invalid repository name/,
  },
];

export function imageRowCases(target: () => Target): void {
  const send = async ({ request, body, headers }: Pick<ApiRow, "request" | "body" | "headers">) => {
    const [method, path] = request.split(" ");
    const answer = await fetch(`http://engine/v1.41${path}`, {
      unix: target().engine.socket,
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
      ...(headers === undefined ? {} : { headers }),
    });
    return { status: answer.status, text: await answer.text() };
  };

  beforeAll(async () => {
    const changes = encodeURIComponent("LABEL kind=rows");
    const archive = writeTar([{ path: "file", content: "rows" }]);
    const made = await send({
      request: `POST /images/create?fromSrc=-&repo=rows/a&tag=1&message=imported&changes=${changes}`,
      headers: { "content-type": "application/x-tar" },
      body: archive,
    });
    expect(made.status).toBe(200);
    expect((await send({ request: "POST /images/rows/a:1/tag?repo=rows/a&tag=2" })).status).toBe(201);
    const create = (name: string, image: string) =>
      send({
        request: `POST /containers/create?name=${name}`,
        headers: JSON_TYPE,
        body: JSON.stringify({ Image: image, Cmd: ["none"] }),
      });
    expect((await create("from-a", "rows/a:1")).status).toBe(201);
    const committed = await send({
      request: `POST /commit?container=from-a&repo=rows/b&tag=1&comment=said&author=me&pause=0&changes=${encodeURIComponent("LABEL only=b")}`,
      headers: JSON_TYPE,
      body: "{}",
    });
    expect(committed.status).toBe(201);
    await send({ request: "DELETE /containers/from-a" });
  });

  afterAll(async () => {
    for (const name of ["rows/b:1", "rows/a:1", "rows/a:2"]) await send({ request: `DELETE /images/${name}?force=1` });
  });

  for (const row of rows) {
    test(row.name, async () => {
      const created = await send({
        request: "POST /containers/create?name=rows",
        headers: JSON_TYPE,
        body: '{"Image":"rows/b:1","Cmd":["none"]}',
      });
      expect(created.status).toBe(201);
      const { status, text } = await send(row);
      const { statusOf20 = row.status } = row;
      expect({ status, text }).toMatchObject({ status: target().engine.kind === "dockerd" ? statusOf20 : row.status });
      if (typeof row.says === "string") expect(text).toBe(row.says);
      else if (row.says !== undefined) expect(text).toMatch(row.says);
      if (row.of !== undefined) expect(row.of(JSON.parse(text) as never)).toEqual(row.is);
    });
  }

  test("list: sizes of what images share, asked for", async () => {
    const { text } = await send({ request: `GET /images/json?filters=${filters({ reference: ["rows/*"] })}` });
    expect((JSON.parse(text) as Listed[]).map(({ SharedSize }) => SharedSize)).toEqual([-1, -1]);
  });

  test("inspect: what a commit was told is there, and whose child it is", async () => {
    const inspect = async (name: string) =>
      JSON.parse((await send({ request: `GET /images/${name}/json` })).text) as Record<string, unknown>;
    const [parent, image] = [await inspect("rows/a:2"), await inspect("rows/b:1")];
    expect(image).toMatchObject({
      Parent: parent["Id"],
      Comment: "said",
      Author: "me",
      Config: { Labels: { kind: "rows", only: "b" }, Cmd: ["none"] },
    });
    expect(parent).toMatchObject({ RepoTags: ["rows/a:1", "rows/a:2"], RepoDigests: [], Parent: "" });
    expect((await send({ request: "DELETE /images/rows/a:1" })).text).toBe('[{"Untagged":"rows/a:1"}]\n');
    const refused = await send({ request: `DELETE /images/${String(parent["Id"])}?force=1` });
    expect(refused).toMatchObject({ status: 409 });
    expect(refused.text).toMatch(/image has dependent child images/);
    expect((await send({ request: "POST /images/rows/a:2/tag?repo=rows/a&tag=1" })).status).toBe(201);
  });

  test("commit: the container's settings with those of the body instead", async () => {
    expect(
      (
        await send({
          request: "POST /containers/create?name=rows",
          headers: JSON_TYPE,
          body: '{"Image":"rows/a:1","Cmd":["none"],"Env":["A=1"]}',
        })
      ).status,
    ).toBe(201);
    const { status, text } = await send({
      request: "POST /commit?container=rows&repo=rows/d",
      headers: JSON_TYPE,
      body: '{"Env":["B=2"],"Labels":{"told":"so"},"WorkingDir":"/w","User":"5"}',
    });
    expect(status).toBe(201);
    const { Id } = JSON.parse(text) as { Id: string };
    const { Config } = JSON.parse((await send({ request: `GET /images/${Id}/json` })).text) as { Config: object };
    expect(Config).toMatchObject({
      Env: ["B=2", "A=1"],
      Labels: { told: "so", kind: "rows" },
      WorkingDir: "/w",
      User: "5",
      Cmd: ["none"],
    });
    expect((await send({ request: "DELETE /images/rows/d" })).status).toBe(200);
  });

  test("load: what is empty, and quiet", async () => {
    const tar = { "content-type": "application/x-tar" };
    const saved = await fetch("http://engine/v1.41/images/rows/b:1/get", { unix: target().engine.socket });
    const archive = new Uint8Array(await saved.arrayBuffer());
    for (const quiet of ["0", "1"]) {
      const { status, text } = await send({ request: `POST /images/load?quiet=${quiet}`, headers: tar, body: archive });
      expect(status).toBe(200);
      expect(text).toContain('{"stream":"Loaded image: rows/b:1\\n"}');
    }
    expect((await send({ request: "POST /images/load", headers: tar, body: writeTar([]) })).text).toMatch(
      /no such file or directory|does not contain a manifest\.json/,
    );
  });
}

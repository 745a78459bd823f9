import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { AccountAccess } from "#registry/access/account-access.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";
import { serveRegistry, sha, type ServedRegistry } from "../testing/served-registry.ts";

let registry: ServedRegistry;

function archive(...members: readonly (readonly [name: string, type: TarEntry["type"], text?: string])[]): Uint8Array {
  const parts = members.flatMap(([name, type, text = ""]) => {
    const size = Buffer.byteLength(text);
    const numbers = { mode: 0o644, uid: 0, gid: 0, size, deviceMajor: 0, deviceMinor: 0, xattrs: undefined };
    const entry = { type, name, linkName: type === "symlink" ? "target" : "", ...numbers };
    const head = encodeEntry({ ...entry, mtime: { seconds: 0, nanoseconds: 0 } });
    return [head, Buffer.from(text), new Uint8Array(paddingOf(size))];
  });
  return gzipSync(Buffer.concat([...parts, END_OF_ARCHIVE]));
}

const root = `Basic ${btoa("root:secret")}`;

async function pushLayers(name: string, tag: string, ...layers: readonly Uint8Array[]): Promise<string> {
  const push = async (bytes: Uint8Array | string): Promise<Readonly<Record<string, unknown>>> => {
    const path = `/v2/${name}/blobs/uploads/?digest=${sha(bytes)}`;
    const done = await registry.send("POST", path, { headers: { Authorization: root }, body: bytes });
    expect(done.status).toBe(201);
    return { mediaType: MEDIA_TYPE.ociLayerGzip, digest: sha(bytes), size: bytes.length };
  };
  const history = layers.map((_, at) => ({ created_by: `RUN step <${at}>` }));
  const config = await push(JSON.stringify({ os: "linux", architecture: "arm64", config: { Cmd: ["sh"] }, history }));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { ...config, mediaType: MEDIA_TYPE.ociConfig },
    layers: await Promise.all(layers.map(push)),
    annotations: { "org.opencontainers.image.description": "The **app**" },
  });
  const headers = { Authorization: root, "Content-Type": MEDIA_TYPE.ociManifest };
  const done = await registry.send("PUT", `/v2/${name}/manifests/${tag}`, { headers, body: manifest });
  expect(done.status).toBe(201);
  return sha(manifest);
}

beforeAll(async () => {
  registry = serveRegistry({}, ({ accounts, now }) => new AccountAccess({ rows: accounts, now }));
  const password = Bun.password.hashSync("secret", { algorithm: "bcrypt", cost: 4 });
  const { accounts } = registry.context;
  for (const [name, isAdmin] of [
    ["ann", false],
    ["root", true],
  ] as const)
    accounts.putUser({ name, password, isAdmin, createdAtMs: 0 });
  accounts.putGrant({ who: "anyone", pattern: "public/*", actions: ["pull"] });
  const lower = archive(
    ["etc/", "directory"],
    ["etc/passwd", "file", "root"],
    ["etc/old", "file", "x"],
    ["usr/", "directory"],
    ["usr/gone", "file"],
  );
  const upper = archive(
    ["etc/.wh.old", "file"],
    ["usr/.wh..wh..opq", "file"],
    ["./etc/link", "symlink"],
    ["/../etc/<b>", "file"],
  );
  await pushLayers("public/app", "latest", lower, upper);
  await pushLayers("ann/private", "v1", lower);
});
afterAll(() => registry.stop());

const visit = (path: string, cookie = ""): Promise<Response> =>
  registry.send("GET", path, cookie === "" ? {} : { headers: { Cookie: cookie } });
const textOf = async (path: string, cookie = ""): Promise<string> => (await visit(path, cookie)).text();
const submit = (path: string, fields: Readonly<Record<string, string>>, cookie = "", origin = registry.url) =>
  registry.send("POST", path, {
    headers: { Origin: origin, Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });

async function signIn(name: string): Promise<string> {
  const answer = await submit("/ui/sign-in", { name, password: "secret" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/ui/"]);
  const cookie = answer.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/; Path=\/ui; Max-Age=43200; HttpOnly; SameSite=Lax$/);
  return cookie.split(";")[0] ?? "";
}

test("one begins at the root; nothing comes from elsewhere", async () => {
  const start = await visit("/");
  expect([start.status, start.headers.get("location")]).toEqual([302, "/ui/"]);
  const answer = await visit("/ui/");
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  const text = await answer.text();
  expect(text).toStartWith("<!doctype html>");
  expect(text).not.toMatch(/(?:src|href|action)="(?!\/|#)/);
  expect((await visit("/ui/style.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
  expect((await visit("/ui/script.js")).headers.get("content-type")).toBe("text/javascript; charset=utf-8");
});

test("browse and search show what the visitor may see", async () => {
  expect(await textOf("/ui/")).toContain("1 repository<");
  expect(await textOf("/ui/?q=app")).toContain('href="/ui/r/public/app"');
  expect(await textOf("/ui/?q=%3Cscript%3E")).toContain("Search: &lt;script&gt;");
  const ann = await signIn("ann");
  expect(await textOf("/ui/", ann)).toContain("ann/private");
  for (const path of ["/ui/r/ann/private", "/ui/r/ann/private/tags/v1", "/ui/r/none"])
    expect((await visit(path)).status).toBe(404);
  expect((await visit("/ui/r/ann/private", ann)).status).toBe(200);
});

test("a repository, a tag, files", async () => {
  const repository = await textOf("/ui/r/public/app");
  expect(repository).toContain(`docker pull ${registry.url.slice(7)}/public/app:latest`);
  expect(repository).toContain("linux/arm64");
  expect(repository).toContain("The <strong>app</strong>");
  const tag = await textOf("/ui/r/public/app/tags/latest");
  expect(tag).toContain("RUN step &lt;1&gt;");
  expect(tag).toContain("by root");
  expect(tag).not.toContain("Delete this tag");
  const files = /href="(\/ui\/r\/public\/app\/files\/[^"]+)"/.exec(tag)?.[1] ?? "";
  expect(await textOf(files)).toContain("etc/</a>");
  const etc = await textOf(`${files}?path=/etc`);
  for (const name of ["passwd", "link → target", "&lt;b&gt;"]) expect(etc).toContain(name);
  expect(etc).not.toContain(">old<");
  expect(await textOf(`${files}?path=/usr`)).toContain("The folder is empty");
});

describe("signing in", () => {
  test("wrong, and with an access token", async () => {
    const wrong = await submit("/ui/sign-in", { name: "ann", password: "nonsense" });
    expect([wrong.status, (await wrong.text()).includes("incorrect username or password")]).toEqual([403, true]);
    const cookie = await signIn("ann");
    const made = await (await submit("/ui/tokens", { label: "ci", actions: "pull", expires: "720h" }, cookie)).text();
    const secret = /brt_[0-9a-f]+/.exec(made)?.[0] ?? "";
    expect((await submit("/ui/sign-in", { name: "ann", password: secret })).status).toBe(403);
    const pull = await registry.send("GET", "/v2/ann/private/manifests/v1", {
      headers: { Authorization: `Basic ${btoa(`ann:${secret}`)}` },
    });
    expect(pull.status).toBe(200);
    const [token] = registry.context.accounts.tokens("ann");
    expect(token?.actions).toEqual(["pull"]);
    const others = await submit(`/ui/tokens/${token?.id}/delete`, {}, await signIn("root"));
    expect([others.status, registry.context.accounts.tokens("ann").length]).toEqual([303, 1]);
    await submit(`/ui/tokens/${token?.id}/delete`, {}, cookie);
    expect(registry.context.accounts.tokens("ann")).toEqual([]);
    expect((await visit("/ui/tokens")).status).toBe(403);
  });

  test("a forged cookie is none, and a new password ends a session", async () => {
    const cookie = await signIn("ann");
    expect(await textOf("/ui/", `${cookie}x`)).toContain("Sign in");
    const user = registry.context.accounts.user("ann");
    if (user === undefined) throw new Error("ann is gone");
    registry.context.accounts.putUser({ ...user, password: "changed" });
    expect(await textOf("/ui/", cookie)).toContain("Sign in");
    registry.context.accounts.putUser(user);
    expect(await textOf("/ui/", cookie)).toContain("Sign out");
    const left = await submit("/ui/sign-out", {}, cookie);
    expect(left.headers.get("set-cookie")).toContain("Max-Age=0");
  });
});

test("who may push sets another tag, to which policies hold", async () => {
  const digest = await pushLayers("public/app", "v1", archive(["v1", "file"]));
  await pushLayers("public/app", "v2", archive(["v2", "file"]));
  registry.context.policies.put({ pattern: "public/*", rules: { immutable: "v*" } });
  const rootCookie = await signIn("root");
  const copy = (tag: string, cookie: string) => submit("/ui/r/public/app/tags/v1/copy", { tag }, cookie);
  expect((await copy("stable", await signIn("ann"))).status).toBe(403);
  const done = await copy("stable", rootCookie);
  expect([done.status, done.headers.get("location")]).toEqual([303, "/ui/r/public/app/tags/stable"]);
  const { id } = registry.context.repositories.find("public/app") ?? { id: -1 };
  expect(registry.context.tags.find(id, "stable")?.digest).toBe(digest);
  const moved = await copy("v2", rootCookie);
  expect([moved.status, (await moved.text()).includes("immutable")]).toEqual([403, true]);
  expect((await copy("../x", rootCookie)).status).toBe(400);
});

test("deleting asks first, and takes no other site's word", async () => {
  await pushLayers("public/app", "old", archive(["x", "file"]));
  const address = "/ui/r/public/app/tags/old/delete";
  const rootCookie = await signIn("root");
  expect(await textOf(address, rootCookie)).toContain("Delete public/app:old?");
  expect((await submit(address, {}, rootCookie, "https://evil.example")).status).toBe(403);
  expect((await submit(address, {}, await signIn("ann"))).status).toBe(403);
  expect((await submit(address, {})).status).toBe(403);
  expect((await submit(address, {}, rootCookie)).status).toBe(303);
  expect((await visit("/ui/r/public/app/tags/old")).status).toBe(404);
});

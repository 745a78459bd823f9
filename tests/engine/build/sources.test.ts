/** Where files come from besides the context's folder: git, the web, archives, named contexts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { BuildLab } from "./build-lab.ts";
import { startGitLab, type GitLab } from "./git-server.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
let git: GitLab;
let web: ReturnType<typeof Bun.serve>;
/** What was asked of the web server. */
const requests: { readonly path: string; readonly status: number }[] = [];
const pages = new Map<
  string,
  { readonly body: string | Uint8Array; readonly headers: Readonly<Record<string, string>> }
>();

beforeAll(async () => {
  lab = await BuildLab.open("bbld2", "172.31.234.1/24");
  git = await startGitLab(join(lab.engine.dir, "git"));
  web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
}, 180_000);
afterAll(async () => {
  await web.stop(true);
  await git.stop();
  await lab.close();
});

function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  const page = pages.get(pathname);
  const tag = page?.headers["etag"];
  const status =
    page === undefined ? 404 : tag !== undefined && request.headers.get("if-none-match") === tag ? 304 : 200;
  requests.push({ path: pathname, status });
  return new Response(status === 200 ? page?.body : null, { status, headers: page?.headers ?? {} });
}

const at = (path: string): string => `http://127.0.0.1:${web.port}${path}`;
/** Standard output of a command in what a build with these arguments makes. */
const built = async (args: readonly string[], ...words: readonly string[]): Promise<string> =>
  lab.runIn((await lab.engine.ok("build", "-q", ...args)).trim(), ...words);
const leftovers = (): readonly string[] =>
  readdirSync(join(lab.engine.dir, "data/tmp")).filter((name) => name.startsWith("build-"));

test("a git repository as context: branch, tag, commit, folder", async () => {
  const first = await git.commit({
    Dockerfile: "FROM busybox\nCOPY . /src\n",
    word: "one\n",
    "deep/er/Dockerfile": "FROM busybox\nCOPY . /src\n",
    "deep/er/word": "deep\n",
  });
  await git.git("tag", "v1");
  await git.git("branch", "side");
  await git.commit({ word: "two\n" });
  const word = (fragment: string): Promise<string> => built([`${git.httpUrl}${fragment}`], "cat", "/src/word");
  expect(await word("")).toBe("two\n");
  expect(await word("#v1")).toBe("one\n");
  expect(await word("#side")).toBe("one\n");
  expect(await word(`#${first}`)).toBe("one\n");
  expect(await word(`#${first.slice(0, 10)}`)).toBe("one\n");
  expect(await word("#:deep/er")).toBe("deep\n");
  expect(await built([git.httpUrl], "ls", "-A", "/src")).toBe("Dockerfile\ndeep\nword\n");
  const whole = ["--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", git.httpUrl];
  expect(await built(whole, "ls", "-A", "/src")).toBe(".git\nDockerfile\ndeep\nword\n");
  expect(leftovers()).toEqual([]);
});

test("docker build of a git address, by the classic builder", async () => {
  const done = await lab.docker("build", "-q", `${git.httpUrl}#v1`);
  expect(await lab.runIn(done.stdout.trim(), "cat", "/src/word")).toBe("one\n");
});

test("ADD of a repository, with its .git, a folder, a checksum; a branch that moves is noticed", async () => {
  await git.git("checkout", "-q", "-B", "moving", "v1");
  const moved = await git.commit({ word: "moved\n" });
  await git.git("checkout", "-q", "main");
  const folder = lab.context({
    Dockerfile: `FROM busybox
ADD ${git.httpUrl}#moving /plain
ADD --keep-git-dir=true ${git.httpUrl}#moving /kept
ADD ${git.httpUrl}#moving:deep/er /deep
ADD --checksum=${moved} ${git.httpUrl}#moving /checked
`,
  });
  const seen = ["sh", "-c", "cat /plain/word /deep/word /checked/word; ls -d /plain/.git /kept/.git 2>/dev/null; true"];
  expect(await built([folder], ...seen)).toBe("moved\ndeep\nmoved\n/kept/.git\n");
  const wrong = lab.context({
    Dockerfile: `FROM busybox\nADD --checksum=${"a".repeat(40)} ${git.httpUrl}#moving /x\n`,
  });
  const refused = await lab.engine.run("build", wrong);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`expected checksum to match ${"a".repeat(40)}, got ${moved}`);
  expect(refused.stderr).toContain(">>> ADD --checksum");
});

test("submodules come along", async () => {
  const inner = await startGitLab(join(lab.engine.dir, "inner"));
  try {
    await inner.commit({ part: "of another repository\n" });
    await git.git("-c", "protocol.allow=always", "submodule", "--quiet", "add", inner.httpUrl, "sub");
    await git.git("commit", "-q", "-m", "a submodule");
    expect(await built([git.httpUrl], "cat", "/src/sub/part")).toBe("of another repository\n");
  } finally {
    await git.git("rm", "-q", "-f", "sub");
    await git.git("commit", "-q", "-m", "without it");
    await inner.stop();
  }
});

test("hostile repositories: links out, options for addresses, programs as transports", async () => {
  const secret = join(lab.engine.dir, "host-secret");
  writeFileSync(secret, "of the host\n");
  symlinkSync(secret, join(git.folder, "outward"));
  symlinkSync("/", join(git.folder, "root"));
  await git.commit({ Dockerfile: "FROM busybox\nCOPY outward /x\n" });
  const through = await lab.engine.run("build", git.httpUrl);
  expect(through.code).toBe(1);
  expect(through.stderr).toContain("outward");
  expect(through.stderr).not.toContain("of the host");
  const above = await lab.engine.run("build", `${git.httpUrl}#main:root/etc`);
  expect(above.code).toBe(1);
  for (const address of ["--upload-pack=touch /tmp/owned x.git", "ext::sh -c touch% /tmp/owned x.git"]) {
    const folder = lab.context({ Dockerfile: `FROM busybox\nADD ["${address}", "/x"]\n` });
    expect((await lab.engine.run("build", folder)).code).toBe(1);
  }
  expect(readdirSync("/tmp")).not.toContain("owned");
  const option = await lab.engine.run("build", `${git.httpUrl}#--upload-pack=touch`);
  expect(option.stderr).toContain("invalid git reference");
  const none = await lab.engine.run("build", `${git.httpUrl}#no-such-branch`);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("no-such-branch");
  expect(leftovers()).toEqual([]);
});

test("ADD of a web address: name, time, mode, checksum, status, a file that has changed", async () => {
  const headers = { "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" };
  pages.set("/some/tool.txt", { body: "one\n", headers });
  const line = `FROM busybox\nADD ${at("/some/tool.txt")} /got/\n`;
  const folder = lab.context({ Dockerfile: line });
  const look = ["sh", "-c", "cat /got/tool.txt; stat -c '%a %u %Y' /got/tool.txt"];
  expect(await built([folder], ...look)).toBe(`one\n600 0 ${Date.parse(headers["last-modified"]) / 1000}\n`);
  pages.set("/some/tool.txt", { body: "two\n", headers: {} });
  expect(await built([folder], ...look)).toBe("two\n600 0 0\n");
  const digest = new Bun.CryptoHasher("sha256").update("two\n").digest("hex");
  const checked = (sum: string): string =>
    lab.context({ Dockerfile: `FROM busybox\nADD --checksum=sha256:${sum} ${at("/some/tool.txt")} /got/\n` });
  expect(await built([checked(digest)], ...look)).toBe("two\n600 0 0\n");
  const wrong = await lab.engine.run("build", checked("a".repeat(64)));
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain(`digest mismatch for ${at("/some/tool.txt")}: sha256:${digest}`);
  const absent = await lab.engine.run(
    "build",
    lab.context({ Dockerfile: `FROM busybox\n\nADD ${at("/nothing")} /x\n` }),
  );
  expect(absent.code).toBe(1);
  expect(absent.stderr).toContain("the server answered with status 404");
  expect(absent.stderr).toMatch(/Dockerfile:3\n/);
});

test("nothing is fetched again that a checksum, a tag or a commit knows", async () => {
  pages.set("/tagged", { body: "tagged\n", headers: { etag: '"1"' } });
  const digest = new Bun.CryptoHasher("sha256").update("two\n").digest("hex");
  const folder = lab.context({
    Dockerfile: `FROM busybox
ADD --checksum=sha256:${digest} ${at("/some/tool.txt")} /checked
ADD ${at("/tagged")} /tagged
ADD ${git.httpUrl}#v1 /git
RUN cat /checked /tagged /git/word > /all
`,
  });
  const before = requests.length;
  const fetches = git.fetches();
  const all = (): Promise<string> => built([folder], "cat", "/all");
  expect(await all()).toBe("two\ntagged\none\n");
  expect(git.fetches()).toBe(fetches + 1);
  expect(await all()).toBe("two\ntagged\none\n");
  expect(git.fetches()).toBe(fetches + 1);
  const asked = requests.slice(before).map(({ path, status }) => `${status} ${path}`);
  expect([asked.slice(0, 2).toSorted(), asked.slice(2)]).toEqual([
    ["200 /some/tool.txt", "200 /tagged"],
    ["304 /tagged"],
  ]);
  await lab.engine.ok("builder", "prune", "-af");
  expect(await all()).toBe("two\ntagged\none\n");
  pages.set("/tagged", { body: "changed\n", headers: { etag: '"2"' } });
  expect(await all()).toBe("two\nchanged\none\n");
});

test("a context elsewhere that has not changed is not fetched: the commit or the server's tag tells", async () => {
  const dockerfile = "FROM busybox\nCOPY kept /kept\nRUN cat /kept > /made\n";
  await git.git("checkout", "-q", "-B", "contexts", "v1");
  await git.commit({ Dockerfile: dockerfile, kept: "one\n", other: "FROM busybox\nCOPY kept /other\n" });
  const address = `${git.httpUrl}#contexts`;
  const made = (): Promise<string> => built([address], "cat", "/made");
  expect(await made()).toBe("one\n");
  const fetches = git.fetches();
  expect([await made(), git.fetches()]).toEqual(["one\n", fetches]);
  // Another engine process knows it too.
  await lab.engine.kill();
  await lab.engine.start();
  expect([await made(), git.fetches()]).toEqual(["one\n", fetches]);
  // What nobody has asked for yet is not known; and what is pruned has to be fetched.
  expect(await built(["-f", "other", address], "cat", "/other")).toBe("one\n");
  expect(git.fetches()).toBe(fetches + 1);
  await git.commit({ unused: "x\n" });
  expect([await made(), git.fetches()]).toEqual(["one\n", fetches + 2]);
  await lab.engine.ok("builder", "prune", "-af");
  expect([await made(), git.fetches()]).toEqual(["one\n", fetches + 3]);
  await git.commit({ kept: "two\n" });
  expect([await made(), git.fetches()]).toEqual(["two\n", fetches + 4]);
  await git.git("checkout", "-q", "main");

  const source = lab.context({ Dockerfile: dockerfile, kept: "in an archive\n" });
  await mustRun(["tar", "-C", source, "-cf", `${source}.tar`, "."]);
  const serve = async (etag: string): Promise<void> =>
    void pages.set("/kept.tar", { body: await Bun.file(`${source}.tar`).bytes(), headers: { etag } });
  const asked = async (): Promise<readonly unknown[]> => {
    const before = requests.length;
    return [await built([at("/kept.tar")], "cat", "/made"), ...requests.slice(before).map(({ status }) => status)];
  };
  await serve('"1"');
  expect(await asked()).toEqual(["in an archive\n", 200]);
  expect(await asked()).toEqual(["in an archive\n", 304]);
  await serve('"2"');
  expect(await asked()).toEqual(["in an archive\n", 200]);
  await lab.engine.ok("builder", "prune", "-af", "--filter", "type=regular");
  expect(await asked()).toEqual(["in an archive\n", 304, 200]);
  pages.set("/text", {
    body: "FROM busybox\nRUN echo text > /made\n",
    headers: { etag: '"1"', "content-type": "text/plain" },
  });
  const before = requests.length;
  for (let round = 0; round < 2; round++) expect(await built([at("/text")], "cat", "/made")).toBe("text\n");
  expect(requests.slice(before).map(({ status }) => status)).toEqual([200, 304]);
  expect(leftovers()).toEqual([]);
});

test("names in addresses that can be no file's", async () => {
  for (const [path, name] of [
    ["/x/%2e%2e%2fup", "__unnamed__"],
    ["/x/%zz", "%zz"],
    ["/x/a%20b", "a b"],
    ["/", "__unnamed__"],
  ] as const) {
    pages.set(new URL(at(path)).pathname, { body: "x", headers: {} });
    const folder = lab.context({ Dockerfile: `FROM busybox\nADD ["${at(path)}", "/got/"]\n` });
    expect([path, await built([folder], "ls", "/got")]).toEqual([path, `${name}\n`]);
  }
});

test("an archive or a Dockerfile at a web address as context", async () => {
  const source = lab.context({ Dockerfile: "FROM busybox\nCOPY word /word\n", word: "in an archive\n" });
  await mustRun(["tar", "-C", source, "-czf", `${source}.tgz`, "."]);
  pages.set("/context.tgz", {
    body: await Bun.file(`${source}.tgz`).bytes(),
    headers: { "content-type": "application/x-gzip" },
  });
  pages.set("/Dockerfile", {
    body: "FROM busybox\nRUN echo by text > /word\n",
    headers: { "content-type": "text/plain" },
  });
  pages.set("/empty.tgz", { body: "no archive", headers: { "content-type": "application/x-gzip" } });
  expect(await built([at("/context.tgz")], "cat", "/word")).toBe("in an archive\n");
  expect(await built([at("/Dockerfile")], "cat", "/word")).toBe("by text\n");
  expect((await lab.engine.run("build", at("/empty.tgz"))).code).toBe(1);
  const classic = await lab.engine.api("POST", `/build?q=1&remote=${encodeURIComponent(at("/Dockerfile"))}`);
  expect(classic.status).toBe(200);
  const id = /sha256:[0-9a-f]{64}/.exec(classic.text)?.[0] ?? "";
  expect(await lab.runIn(id, "cat", "/word")).toBe("by text\n");
});

test("named contexts: a folder, an image, a repository, an archive", async () => {
  await git.git("rm", "-q", "outward", "root");
  await git.commit({ word: "of git\n" });
  const folder = lab.context({
    Dockerfile: `FROM base
COPY --from=files word /1
COPY --from=repo word /2
COPY --from=web word /3
RUN --mount=from=files,target=/mnt cat /mnt/word > /4
`,
  });
  const files = lab.context({ word: "of a folder\n", "ignored.log": "x", ".dockerignore": "*.log\n" });
  const contexts = [
    ["base", "docker-image://busybox"],
    ["files", files],
    ["repo", `${git.httpUrl}#main`],
    ["web", at("/context.tgz")],
  ].flatMap(([name, value]) => ["--build-context", `${name}=${value}`]);
  const seen = await built([...contexts, folder], "cat", "/1", "/2", "/3", "/4");
  expect(seen).toBe("of a folder\nof git\nin an archive\nof a folder\n");
});

test("images of OCI layouts, by tag, digest and platform; a damaged one and one that leads outside", async () => {
  const source = lab.context({ Dockerfile: "FROM busybox\nENV MADE=here\nRUN echo of a layout > /word\n" });
  const layout = join(lab.engine.dir, "layout");
  await lab.engine.ok("build", "-q", "-t", "named:v2", "-o", `type=oci,tar=false,dest=${layout}`, source);
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  const digest = index.manifests[0]?.digest ?? "";
  const folder = lab.context({
    Dockerfile: "FROM base\nCOPY --from=other /word /copied\nRUN echo $MADE > /made\n",
  });
  await lab.engine.ok("builder", "prune", "-af");
  const from = (base: string): string[] => [
    ...["--build-context", `base=oci-layout://${base}`],
    ...["--build-context", `other=oci-layout://${layout}:v2`],
    folder,
  ];
  for (const base of [`${layout}:v2`, layout, `${layout}@${digest}`])
    expect(await built(from(base), "cat", "/word", "/copied", "/made")).toBe("of a layout\nof a layout\nhere\n");
  const refused = async (base: string): Promise<string> => {
    const failed = await lab.engine.run("build", ...from(base));
    expect(failed.code).toBe(1);
    return failed.stderr;
  };
  expect(await refused(`${layout}:v3`)).toContain("the layout has no image v3");
  const missing = join(lab.engine.dir, "no-layout");
  expect(await refused(missing)).toContain(`unable to prepare context: path "${missing}" not found`);
  expect(await refused(folder)).toContain("is no OCI layout: it has no index.json");
  const blob = join(layout, "blobs", digest.replace(":", "/"));
  const manifest = readFileSync(blob);
  writeFileSync(blob, manifest.toString().replace("layers", "Layers"));
  expect(await refused(layout)).toContain("is damaged");
  rmSync(blob);
  writeFileSync(`${layout}.outside`, manifest);
  symlinkSync(`${layout}.outside`, blob);
  expect(await refused(layout)).toContain("it has no blobs/");
});

test("hostile archives: names and links that lead outside", async () => {
  const outside = join(lab.engine.dir, "outside");
  mkdirSync(outside);
  const python = `
import tarfile, io, sys
t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
def add(name, data=b"x", **more):
    i = tarfile.TarInfo(name); i.size = len(data)
    for k, v in more.items(): setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
add("Dockerfile", b"FROM busybox\\nCOPY . /all\\n")
if sys.argv[1] == "up": add("../../../../../../../../../../../../../${outside}/by-name")
if sys.argv[1] == "link":
    add("way", b"", type=tarfile.SYMTYPE, linkname="${outside}")
    add("way/by-link")
if sys.argv[1] == "hard": add("way", b"", type=tarfile.LNKTYPE, linkname="../../../../../../../../../../etc/passwd")
if sys.argv[1] == "short": sys.stdout.buffer.write(b"garbage" * 100)
t.close()
`;
  for (const kind of ["up", "link", "hard", "short"]) {
    const archive = join(lab.engine.dir, `${kind}.tar`);
    await Bun.write(archive, Bun.spawnSync(["python3", "-c", python, kind]).stdout);
    await lab.pipe(await Bun.file(archive).bytes(), "build", "-q", "-");
    expect([kind, readdirSync(outside)]).toEqual([kind, []]);
  }
  expect(leftovers()).toEqual([]);
});

test("an engine that does not see the folder is sent it, without what is ignored", async () => {
  const folder = lab.context({ Dockerfile: "FROM scratch\n" });
  const elsewhere = lab.context({
    Dockerfile: "FROM busybox\nCOPY . /all\n",
    ".dockerignore": "ignored\nDockerfile\n",
    sent: "over the connection\n",
    "ignored/huge": "not sent\n",
  });
  // The same path is another folder for the client.
  const script = `mount --bind ${elsewhere} ${folder} && chmod 0 ${folder}/ignored && exec "$@"`;
  const line = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", ...berthCommand()];
  const id = await mustRun([...line, "build", "-q", folder], { env: lab.environment() });
  expect(await lab.runIn(id.trim(), "sh", "-c", "cat /all/sent; ls -A /all")).toBe(
    "over the connection\n.dockerignore\nsent\n",
  );
});

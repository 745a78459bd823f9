import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";

/** A git repository, and a way to it. */
export interface GitLab {
  /** Of its folder; what is committed there is served. */
  readonly folder: string;
  /** `http://…/repo.git`. */
  readonly httpUrl: string;
  git(...args: readonly string[]): Promise<string>;
  /** Write files and commit them: the commit's id. */
  commit(files: Readonly<Record<string, string>>): Promise<string>;
  /** How often somebody took files. */
  fetches(): number;
  stop(): Promise<void>;
}

const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.com",
};

/** A new repository in `directory`, served by git's own HTTP backend, to everybody or to who says `authorization`. */
export async function startGitLab(directory: string, authorization?: string): Promise<GitLab> {
  const folder = join(directory, "repo.git");
  mkdirSync(folder, { recursive: true });
  const git = (...args: readonly string[]): Promise<string> => mustRun(["git", "-C", folder, ...args], { env });
  await git("init", "-q", "-b", "main");
  await git("config", "http.receivepack", "false");
  let fetches = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      if (authorization !== undefined && request.headers.get("authorization") !== authorization)
        return new Response("who are you?", { status: 401, headers: { "www-authenticate": 'Basic realm="git"' } });
      const body = Buffer.from(await request.arrayBuffer());
      const text = request.headers.get("content-encoding") === "gzip" ? Bun.gunzipSync(body) : body;
      if (Buffer.from(text).includes("command=fetch")) fetches++;
      return backend(request, body, directory);
    },
  });
  return {
    folder,
    httpUrl: `http://127.0.0.1:${server.port}/repo.git`,
    git,
    async commit(files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(folder, path, ".."), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      await git("add", "-A");
      await git("commit", "-q", "-m", "more");
      return (await git("rev-parse", "HEAD")).trim();
    },
    fetches: () => fetches,
    stop: () => server.stop(true),
  };
}

/** git-http-backend(1) by CGI. */
async function backend(request: Request, body: Uint8Array, root: string): Promise<Response> {
  const url = new URL(request.url);
  const child = Bun.spawn(["git", "http-backend"], {
    env: {
      ...env,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "",
      GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
    },
    stdin: body,
    stdout: "pipe",
    stderr: "ignore",
  });
  const answer = Buffer.from(await new Response(child.stdout).arrayBuffer());
  const split = answer.indexOf("\r\n\r\n");
  const headers = new Headers();
  let status = 200;
  for (const line of answer.subarray(0, split).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name === "Status") status = Number.parseInt(value, 10);
    else headers.set(name, value);
  }
  return new Response(answer.subarray(split + 4), { status, headers });
}

/** Steps that rows of images have. */

/** At 127.0.0.1 of each engine's own network; what they have is in walk/registries.ts. */
export const PLAIN = "127.0.0.1:5000";
export const GUARDED = "127.0.0.1:5001";
export const OURS = "127.0.0.1:5002";
export const NOBODY = "127.0.0.1:1";

const query = (parameters: object): string => {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((one): [string, string] => [
      name,
      String(one),
    ]),
  );
  const text = new URLSearchParams(pairs).toString().replaceAll("+", "%20");
  return text === "" ? "" : `?${text}`;
};
export const asJson = (filters: unknown): string => (typeof filters === "string" ? filters : JSON.stringify(filters));
export const auth = (value: unknown): string =>
  `auth=${Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64")}`
    .replaceAll("+", "-")
    .replaceAll("/", "_");
export const alice = { username: "alice", password: "secret", serveraddress: GUARDED };

/** An image of one layer with one file, `i:1` unless it says otherwise. */
export const given = (more: object = {}, body = "layer"): string =>
  `POST /images/create${query({ fromSrc: "-", repo: "i", tag: "1", ...more })} @${body}`;
export const list = (filters: unknown, more: object = {}): string =>
  `GET /images/json${query({ filters: asJson(filters), ...more })}`;
export const names = (filters: unknown): string => `${list(filters)} .*.RepoTags`;
export const inspect = (name = "i:1", path = ""): string => `GET /images/${name}/json${path}`;
export const tag = (name: string, parameters: object): string => `POST /images/${name}/tag${query(parameters)}`;
export const remove = (name: string, more: object = {}): string => `DELETE /images/${name}${query(more)}`;
export const create = (image: string, more: object = {}): string =>
  `POST /containers/create?name=cc ${JSON.stringify({ Image: image, Cmd: ["none"], ...more })}`;
export const run = "POST /containers/create?name=cc " + JSON.stringify({ Image: "busybox", Cmd: ["sleep", "1000"] });
export const start = "POST /containers/cc/start";
export const removeContainer = "DELETE /containers/cc?force=1";
export const commit = (parameters: object, body: string | object = {}): string =>
  `POST /commit${query({ container: "cc", ...parameters })} ${typeof body === "string" ? body : JSON.stringify(body)}`;
export const prune = (filters: unknown): string => `POST /images/prune${query({ filters: asJson(filters) })}`;
export const pull = (parameters: object, more = ""): string =>
  `POST /images/create${query(parameters)} ${more}`.trimEnd();
export const push = (name: string, parameters: object = {}, more = auth({})): string =>
  `POST /images/${name}/push${query(parameters)} ${more}`.trimEnd();
export const distribution = (name: string, more = ""): string => `GET /distribution/${name}/json ${more}`.trimEnd();
export const search = (parameters: object): string => `GET /images/search${query(parameters)}`;
export const login = (body: unknown): string => `POST /auth ${typeof body === "string" ? body : JSON.stringify(body)}`;

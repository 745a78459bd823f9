import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { AccountAccess, accessTokenHash } from "#registry/access/account-access.ts";
import { PasswordFileAccess } from "#registry/access/password-file-access.ts";
import type { AccessTokenRow } from "#registry/database/account-rows.ts";
import { putManifest } from "#registry/manifests/put-manifest.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { parseChallenges } from "#spec/oci/www-authenticate.ts";
import { errorCode, serveRegistry, type ServedRegistry } from "./testing/served-registry.ts";

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;

let registry: ServedRegistry;
afterEach(() => registry.stop());

const send = (method: string, path: string, authorization?: string): Promise<Response> =>
  registry.send(method, path, authorization === undefined ? {} : { headers: { Authorization: authorization } });

/** An image without parts, put there past the gate. */
function put(repository: string): void {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));
  const actor = { name: "test" };
  putManifest(registry.context, {
    repository,
    reference: "v1",
    tags: [],
    contentType: MEDIA_TYPE.ociIndex,
    bytes,
    actor,
  });
}

describe("an htpasswd file", () => {
  let text = "";

  beforeEach(async () => {
    // As `htpasswd -B` writes it.
    text = `# people\nann:${(await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 })).replace("$2b$", "$2y$")}\n`;
    registry = serveRegistry({}, ({ now }) => new PasswordFileAccess({ file: { read: () => text }, now }));
  });

  test("lets in who is in it, to everything", async () => {
    put("app");
    const refused = await send("GET", "/v2/");
    expect(refused.headers.get("www-authenticate")).toBe('Basic realm="Berth registry", charset="UTF-8"');
    expect(await errorCode(refused)).toBe("401 UNAUTHORIZED");
    expect((await send("GET", "/v2/", basic("ann", "secret"))).status).toBe(200);
    expect((await send("POST", "/v2/app/blobs/uploads/", basic("ann", "secret"))).status).toBe(202);
    for (const [name, password] of [
      ["ann", "wrong"],
      ["bob", "secret"],
      ["", ""],
    ] as const) {
      const answer = await send("GET", "/v2/app/manifests/v1", basic(name, password));
      expect(answer.headers.get("www-authenticate")).toStartWith("Basic");
      expect(await errorCode(answer)).toBe("401 UNAUTHORIZED");
    }
    expect(await errorCode(await send("GET", "/v2/", "Nonsense"))).toBe("401 UNAUTHORIZED");
    text = "";
    expect((await send("GET", "/v2/", basic("ann", "secret"))).status).toBe(401);
  });
});

describe("accounts", () => {
  const password = Bun.password.hashSync("secret", { algorithm: "bcrypt", cost: 4 });

  beforeEach(() => {
    registry = serveRegistry({}, ({ accounts, now }) => new AccountAccess({ rows: accounts, now }));
    for (const [name, isAdmin] of [
      ["ann", false],
      ["root", true],
    ] as const)
      registry.context.accounts.putUser({ name, password, isAdmin, createdAtMs: 0 });
    registry.context.accounts.putGrant({ who: "anyone", pattern: "public/*", actions: ["pull"] });
    for (const name of ["public/app", "ann/app", "other/app"]) put(name);
  });

  /** What a client does: read the challenge, fetch a token, try again. */
  async function withToken(method: string, path: string, credentials?: string): Promise<Response> {
    const first = await send(method, path);
    if (first.status !== 401) return first;
    const [challenge] = parseChallenges(first.headers.get("www-authenticate") ?? "");
    expect([challenge?.scheme, challenge?.parameters["realm"]]).toEqual(["bearer", `${registry.url}/token`]);
    const { service = "", scope } = challenge?.parameters ?? {};
    const query = new URLSearchParams({ service, ...(scope === undefined ? {} : { scope }) });
    const answer = await send("GET", `/token?${query.toString()}`, credentials);
    if (answer.status !== 200) return answer;
    const { token } = (await answer.json()) as { token: string };
    return send(method, path, `Bearer ${token}`);
  }

  const ann = basic("ann", "secret");

  test.each([
    ["GET", "/v2/", undefined, 200],
    ["GET", "/v2/", ann, 200],
    ["GET", "/v2/", basic("ann", "wrong"), 401],
    ["GET", "/v2/public/app/manifests/v1", undefined, 200],
    ["GET", "/v2/ann/app/manifests/v1", undefined, 401],
    ["GET", "/v2/ann/app/manifests/v1", ann, 200],
    ["POST", "/v2/ann/app/blobs/uploads/", ann, 202],
    ["DELETE", "/v2/ann/app/manifests/v1", ann, 202],
    ["GET", "/v2/other/app/manifests/v1", ann, 401],
    ["POST", "/v2/public/app/blobs/uploads/", ann, 401],
    ["POST", "/v2/other/app/blobs/uploads/", basic("root", "secret"), 202],
  ] as const)("%s %s with %p: %d", async (method, path, credentials, status) => {
    expect((await withToken(method, path, credentials)).status).toBe(status);
  });

  test("what a token is not good for is said", async () => {
    const { token } = (await (await send("GET", "/token?scope=repository:ann/app:pull", ann)).json()) as {
      token: string;
    };
    const answer = await send("POST", "/v2/ann/app/blobs/uploads/", `Bearer ${token}`);
    const [challenge] = parseChallenges(answer.headers.get("www-authenticate") ?? "");
    expect(challenge?.parameters).toMatchObject({ error: "insufficient_scope", scope: "repository:ann/app:pull,push" });
    expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${token}`)).status).toBe(200);
    const [head, claims] = token.split(".");
    const forged = Buffer.from(claims ?? "", "base64url")
      .toString()
      .replace("pull", "push");
    const bad = [
      `${head}.${Buffer.from(forged).toString("base64url")}.${token.split(".")[2]}`,
      `${token}x`,
      "x.y.z",
      "x",
    ];
    for (const each of bad) expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${each}`)).status).toBe(401);
    registry.advance(301_000);
    expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${token}`)).status).toBe(401);
  });

  test("Basic is enough, and says when a right is missing", async () => {
    expect((await send("GET", "/v2/ann/app/manifests/v1", ann)).status).toBe(200);
    expect(await errorCode(await send("GET", "/v2/other/app/manifests/v1", ann))).toBe("403 DENIED");
  });

  test("the OAuth2 form", async () => {
    const form = (fields: Readonly<Record<string, string>>): Promise<Response> =>
      registry.send("POST", "/token", {
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(fields).toString(),
      });
    const fields = { grant_type: "password", username: "ann", scope: "repository:ann/app:pull,push" };
    const answer = await form({ ...fields, password: "secret" });
    const { access_token } = (await answer.json()) as { access_token: string };
    expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${access_token}`)).status).toBe(200);
    expect((await form({ ...fields, password: "wrong" })).status).toBe(401);
    expect((await form({ ...fields, grant_type: "refresh_token" })).status).toBe(400);
    expect((await form({ ...fields, grant_type: "nonsense" })).status).toBe(400);
  });

  describe("a refresh token", () => {
    const scope = "repository:ann/app:pull,push";
    const redeem = (refresh_token: string): Promise<Response> =>
      registry.send("POST", "/token", {
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ grant_type: "refresh_token", refresh_token, scope }).toString(),
      });
    const refreshOf = async (credentials?: string): Promise<string | undefined> =>
      ((await (await send("GET", "/token?offline_token=true", credentials)).json()) as { refresh_token?: string })
        .refresh_token;

    test("stands in for the password until that changes", async () => {
      expect(await refreshOf()).toBeUndefined();
      expect(await (await send("GET", "/token", ann)).json()).not.toHaveProperty("refresh_token");
      const refresh = (await refreshOf(ann)) ?? "";
      const { access_token } = (await (await redeem(refresh)).json()) as { access_token: string };
      expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${access_token}`)).status).toBe(200);
      // It is for the token endpoint alone, as what that gives out is not.
      expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${refresh}`)).status).toBe(401);
      for (const wrong of [access_token, `${refresh}x`, ""]) expect((await redeem(wrong)).status).toBe(401);
      const other = Bun.password.hashSync("other", { algorithm: "bcrypt", cost: 4 });
      registry.context.accounts.putUser({ name: "ann", password: other, isAdmin: false, createdAtMs: 0 });
      expect((await redeem(refresh)).status).toBe(401);
      const again = (await refreshOf(basic("ann", "other"))) ?? "";
      expect((await redeem(again)).status).toBe(200);
      registry.advance(366 * 86_400_000);
      expect((await redeem(again)).status).toBe(401);
    });

    test("of an access token may no more than that, and goes with it", async () => {
      const row = { user: "ann", label: "", actions: ["pull"], createdAtMs: 0, usedAtMs: undefined } as const;
      registry.context.accounts.addToken({
        ...row,
        id: "t1",
        hash: accessTokenHash("brt_one"),
        expiresAtMs: undefined,
      });
      const refresh = (await refreshOf(basic("ann", "brt_one"))) ?? "";
      const { access_token } = (await (await redeem(refresh)).json()) as { access_token: string };
      expect((await send("GET", "/v2/ann/app/manifests/v1", `Bearer ${access_token}`)).status).toBe(200);
      expect((await send("DELETE", "/v2/ann/app/manifests/v1", `Bearer ${access_token}`)).status).toBe(401);
      registry.context.accounts.deleteToken("t1");
      expect((await redeem(refresh)).status).toBe(401);
    });
  });

  test("an access token stands in for the password, with its own limits", async () => {
    const token = (secret: string, more: Partial<AccessTokenRow> = {}): void =>
      registry.context.accounts.addToken({
        id: secret,
        user: "ann",
        label: "test",
        hash: accessTokenHash(secret),
        actions: ["pull"],
        createdAtMs: 0,
        expiresAtMs: undefined,
        usedAtMs: undefined,
        ...more,
      });
    token("brt_good");
    token("brt_old", { expiresAtMs: 5 });
    expect((await withToken("GET", "/v2/ann/app/manifests/v1", basic("ann", "brt_good"))).status).toBe(200);
    expect((await withToken("DELETE", "/v2/ann/app/manifests/v1", basic("ann", "brt_good"))).status).toBe(401);
    expect((await send("DELETE", "/v2/ann/app/manifests/v1", basic("ann", "brt_good"))).status).toBe(403);
    for (const [name, secret] of [
      ["root", "brt_good"],
      ["ann", "brt_old"],
      ["ann", "brt_none"],
    ] as const)
      expect((await send("GET", "/v2/", basic(name, secret))).status).toBe(401);
  });

  test("lists show what can be pulled", async () => {
    const names = async (credentials?: string): Promise<unknown> =>
      (await withToken("GET", "/v2/_catalog", credentials)).json();
    expect(await names()).toEqual({ repositories: ["public/app"] });
    expect(await (await send("GET", "/v2/_catalog", ann)).json()).toEqual({ repositories: ["ann/app", "public/app"] });
  });

  test("a mount reads from where the client may read alone", async () => {
    const upload = `/v2/other/app/blobs/uploads/?digest=${"sha256:".padEnd(71, "0")}`;
    expect((await send("POST", upload, basic("root", "secret"))).status).toBe(400);
    const other = new Map<string, string>();
    for (const name of ["other/app", "public/app"]) {
      const begun = await send("POST", `/v2/${name}/blobs/uploads/`, basic("root", "secret"));
      const digest = `sha256:${new Bun.CryptoHasher("sha256").update(name).digest("hex")}`;
      const done = await registry.send("PUT", `${begun.headers.get("location")}?digest=${digest}`, {
        headers: { Authorization: basic("root", "secret") },
        body: name,
      });
      expect(done.status).toBe(201);
      other.set(name, digest);
    }
    const mount = (from: string, named: boolean): Promise<Response> =>
      send("POST", `/v2/ann/app/blobs/uploads/?mount=${other.get(from)}${named ? `&from=${from}` : ""}`, ann);
    expect((await mount("other/app", true)).status).toBe(202);
    expect((await mount("other/app", false)).status).toBe(202);
    expect((await mount("public/app", true)).status).toBe(201);
  });

  test("who guesses is slowed down", async () => {
    const statuses = [];
    for (let at = 0; at < 22; at += 1) statuses.push((await send("GET", "/v2/", basic("ann", `guess${at}`))).status);
    expect(statuses.slice(0, 20)).toEqual(Array<number>(20).fill(401));
    expect(statuses.at(-1)).toBe(429);
    registry.advance(61_000);
    expect((await send("GET", "/v2/", ann)).status).toBe(200);
  }, 20_000);
});

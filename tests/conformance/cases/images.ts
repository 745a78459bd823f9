import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { buildImage, buildIndex, goArchitecture } from "../../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../../tools/lab/registry-push.ts";
import { busyboxLayer } from "../../../tools/lab/test-images.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Target } from "../target.ts";

/** Pulling, naming, listing and removing images. */
export function imageCases(target: () => Target): void {
  /** An image of its own for one case: busybox and one file more. */
  const push = async (
    repository: string,
    options: {
      readonly format?: "docker" | "oci";
      readonly compression?: "gzip" | "zstd" | "none";
      readonly text?: string;
    } = {},
  ): Promise<{
    readonly reference: string;
    readonly digest: string;
    readonly image: ReturnType<typeof buildImage>;
  }> => {
    const own = writeTar([{ path: "own", content: options.text ?? repository }]);
    const image = buildImage({ layers: [await busyboxLayer(), own], config: { Cmd: ["cat", "/own"] }, ...options });
    await pushImage(target().registry, repository, "latest", image);
    return { reference: `${target().registry}/${repository}`, digest: image.digest, image };
  };
  const remove = async (...references: string[]): Promise<void> =>
    void (await target().run(["rmi", "-f", ...references]));

  for (const [format, compression] of [
    ["docker", "gzip"],
    ["oci", "gzip"],
    ["oci", "none"],
  ] as const) {
    test(`pull of a ${format} image with ${compression} layers`, async () => {
      const { reference, digest } = await push(`pull-${format}-${compression}`, { format, compression });
      const pulled = await target().ok(["pull", reference]);
      expect(pulled).toContain(
        `Digest: ${digest}\nStatus: Downloaded newer image for ${reference}:latest\n${reference}:latest\n`,
      );
      expect(await target().ok(["run", "--rm", reference])).toBe(`pull-${format}-${compression}`);
      expect(await target().ok(["pull", reference])).toContain(`Status: Image is up to date for ${reference}:latest`);
      await remove(reference);
    });
  }

  test("pull of zstd layers", async () => {
    if (target().engine.kind === "dockerd") return; // 20.10 does not know zstd.
    const { reference } = await push("pull-zstd", { compression: "zstd" });
    expect(await target().ok(["run", "--rm", "-q", reference])).toBe("pull-zstd");
    await remove(reference);
  });

  test("push: only what is missing, other repositories' layers taken over, digests kept", async () => {
    const { reference } = await push("push-from", { format: "docker" });
    await target().ok(["pull", "-q", reference]);
    const id = (await target().ok(["images", "-q", "--no-trunc", reference])).trim();
    const aim = `${target().registry}/push-to-${target().name.replace(":", "-")}`;
    for (const tag of ["a", "b"]) await target().ok(["tag", reference, `${aim}:${tag}`]);
    const first = await target().ok(["push", `${aim}:a`]);
    expect(first).toStartWith(`The push refers to repository [${aim}]\n`);
    expect(first.match(/Mounted from \S+$/gm)).toHaveLength(2);
    expect(first).toMatch(/\na: digest: sha256:[0-9a-f]{64} size: [0-9]+\n$/);
    const all = await target().ok(["push", "-a", aim]);
    expect(all.match(/Layer already exists$/gm)).toHaveLength(4);
    expect(await target().ok(["push", "-q", `${aim}:b`])).toBe(`${aim}:b\n`);
    const digest = /digest: (\S+)/.exec(first)?.[1] ?? "";
    expect(await target().ok(["inspect", "-f", "{{.RepoDigests}}", aim + ":a"])).toContain(`${aim}@${digest}`);
    await remove(reference, `${aim}:a`, `${aim}:b`, `${aim}@${digest}`);
    await target().ok(["pull", "-q", `${aim}@${digest}`]);
    expect((await target().ok(["images", "-q", "--no-trunc", "--digests", aim])).trim()).toBe(id);
    await remove(id);
  });

  test("push of a committed image, and what cannot be pushed", async () => {
    const aim = `${target().registry}/committed-${target().name.replace(":", "-")}`;
    await target().ok(["run", "--name", "made", target().images.busybox, "sh", "-c", "echo made > /made"]);
    await target().ok(["commit", "made", aim]);
    expect(await target().ok(["push", aim])).toMatch(
      /^Using default tag: latest\nThe push refers to repository [\s\S]*Pushed\n[\s\S]*latest: digest: /,
    );
    await target().ok(["rm", "made"]);
    await remove(aim);
    expect(await target().ok(["run", "--rm", "-q", aim, "cat", "/made"])).toBe("made\n");
    for (const [args, said] of [
      [["push", `${aim}:none`], `tag does not exist: ${aim}:none`],
      [["push", `${aim}-none`], `An image does not exist locally with the tag: ${aim}-none`],
      [["push", "-a", `${aim}:latest`], "tag can't be used with --all-tags/-a"],
      [["push", "UPPER"], "repository name (library/UPPER) must be lowercase"],
    ] as const) {
      const result = await target().run(args);
      expect(result.code).toBe(1);
      expect(result.stderr.trimEnd()).toEndWith(said);
    }
    await remove(aim);
  });

  test("save and load: to a file, to a pipe, by tag, repository and id", async () => {
    const { reference } = await push("archived", { format: "docker" });
    await target().ok(["pull", "-q", reference]);
    const id = (await target().ok(["images", "-q", "--no-trunc", reference])).trim();
    for (const tag of ["a", "b"]) await target().ok(["tag", reference, `archived:${tag}`]);
    const file = join(target().scratch, `archived-${target().name.replace(":", "-")}.tar`);
    await target().ok(["save", "-o", file, "archived", reference]);
    await remove(id);
    expect(await target().ok(["load", "-i", file])).toBe(
      [`archived:a`, `archived:b`, `${reference}:latest`].map((name) => `Loaded image: ${name}\n`).join(""),
    );
    expect(await target().ok(["run", "--rm", "archived:a"])).toBe("archived");
    await target().ok(["save", "-o", file, id]);
    await remove(id);
    const piped = await mustRun(["bash", "-c", `gzip -1 < ${file} | "$@"`, "-", ...target().argv, "load", "-q"], {
      env: target().env,
    });
    expect(piped).toBe(`Loaded image ID: ${id}\n`);
    expect(await target().ok(["run", "--rm", id])).toBe("archived");
    await remove(id);
    for (const [args, said] of [
      [["save", "-o", file, "no-such-image"], "No such image: no-such-image"],
      [["load", "-i", "/no-such-file"], "open /no-such-file: no such file or directory"],
    ] as const) {
      const result = await target().run(args);
      expect(result.code).toBe(1);
      expect(result.stderr.trimEnd()).toEndWith(said);
    }
    const events = await target().api(
      "GET",
      `/events?since=1&until=${Math.ceil(Date.now() / 1000)}&filters={"type":["image"],"image":["${id}"]}`,
    );
    const actions = events.text.split("\n").flatMap((line) => /"Action":"(save|load)"/.exec(line)?.[1] ?? []);
    expect(actions.slice(-4)).toEqual(["save", "load", "save", "load"]);
  });

  test("archives that are none", async () => {
    const upload = async (archive: Uint8Array): Promise<string> => {
      const response = await fetch("http://engine/v1.41/images/load", {
        unix: target().engine.socket,
        method: "POST",
        headers: { "content-type": "application/x-tar" },
        body: archive,
      });
      expect(response.status).toBe(200);
      return response.text();
    };
    const config = JSON.stringify({ os: "linux", rootfs: { type: "layers", diff_ids: [`sha256:${"a".repeat(64)}`] } });
    const layer = writeTar([{ path: "q", content: "w" }]);
    const archive = (layers: readonly string[]): Uint8Array =>
      writeTar([
        { path: "manifest.json", content: JSON.stringify([{ Config: "c.json", RepoTags: ["x:y"], Layers: layers }]) },
        { path: "c.json", content: config },
        { path: "a", content: layer },
      ]);
    expect(await upload(Buffer.from("nonsense"))).toContain("unexpected EOF");
    expect(await upload(archive([]))).toContain("invalid manifest, layers length mismatch: expected 0, got 1");
    expect(await upload(archive(["a"]))).toContain('invalid diffID for layer 0: expected \\"sha256:aaaa');
    expect(await upload(archive(["b"]))).toContain("no such file or directory");
    expect((await target().run(["inspect", "x:y"])).code).toBe(1);
  });

  test("import of a tar: from a file and a pipe, with changes, a message and a platform", async () => {
    const file = join(target().scratch, `root-${target().name.replace(":", "-")}.tar`);
    writeFileSync(file, await busyboxLayer());
    const id = (
      await target().ok(["import", "-c", 'CMD ["echo","hi"]', "-c", "ENV A=b", "-m", "made so", file, "imported:1"])
    ).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await target().ok(["run", "--rm", "imported:1"])).toBe("hi\n");
    expect(
      await target().ok(["inspect", "-f", "{{.Config.Env}} {{.Comment}} {{.RepoTags}} {{.Id}}", "imported:1"]),
    ).toBe(`[A=b] made so [imported:1] ${id}\n`);
    const piped = await mustRun(["bash", "-c", `gzip -1 < ${file} | "$@"`, "-", ...target().argv, "import", "-"], {
      env: target().env,
    });
    expect(await target().ok(["inspect", "-f", "{{.Comment}} {{.RepoTags}}", piped.trim()])).toBe(
      "Imported from - []\n",
    );
    for (const [args, said] of [
      [["import", file, "UPPER"], "must be lowercase"],
      [["import", "-c", "run x", file], "run is not a valid change command"],
      [["import", "--platform", "plan9/amd64", file], "operating system is not supported"],
      [["import", "/no-such-file"], "open /no-such-file: no such file or directory"],
    ] as const) {
      const result = await target().run(args);
      expect(result.code).toBe(1);
      expect(result.stderr.trimEnd()).toEndWith(said);
    }
    await remove(id, piped.trim());
  });

  test("pull by digest", async () => {
    const { reference, digest } = await push("by-digest");
    const printed = await target().ok(["pull", `${reference}@${digest}`]);
    expect(printed).toContain(`Digest: ${digest}`);
    expect(await target().ok(["inspect", "-f", "{{.RepoTags}} {{.RepoDigests}}", `${reference}@${digest}`])).toBe(
      `[] [${reference}@${digest}]\n`,
    );
    await remove(`${reference}@${digest}`);
  });

  test("pull takes this machine's platform from an index", async () => {
    const own = await push("platform", { text: "right platform" });
    const other = buildImage({ layers: [writeTar([{ path: "own", content: "wrong" }])], architecture: "s390x" });
    await pushImage(target().registry, "platform", "other", other);
    const index = buildIndex([
      { image: other, architecture: "s390x" },
      { image: own.image, architecture: goArchitecture() },
    ]);
    await pushManifest(target().registry, "platform", "multi", index);
    expect(await target().ok(["pull", `${own.reference}:multi`])).toContain(`Digest: ${index.digest}`);
    expect(await target().ok(["run", "--rm", `${own.reference}:multi`])).toBe("right platform");
    const missing = buildIndex([{ image: other, architecture: "s390x" }]);
    await pushManifest(target().registry, "platform", "none", missing);
    const refused = await target().run(["pull", `${own.reference}:none`]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("no matching manifest for linux/");
    await remove(`${own.reference}:multi`);
  });

  test("pull of what is not there", async () => {
    const { reference } = await push("there");
    const tag = await target().run(["pull", `${reference}:no-such-tag`]);
    expect(tag.code).toBe(1);
    expect(tag.stderr).toMatch(/manifest for \S+\/there:no-such-tag not found: manifest unknown/);
    const name = await target().run(["pull", `${target().registry}/no/such/image`]);
    expect(name.code).toBe(1);
    expect(name.stderr).toMatch(/manifest for \S+\/no\/such\/image:latest not found|repository does not exist/);
    const host = await target().run(["pull", "127.0.0.1:1/x"]);
    expect(host.code).toBe(1);
    expect(host.stderr).toContain("connection refused");
  });

  test("what skopeo copied can be pulled", async () => {
    const { reference } = await push("skopeo-source");
    await mustRun([
      "skopeo",
      "copy",
      "-q",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      "--format",
      "v2s2",
      `docker://${reference}:latest`,
      `docker://${target().registry}/skopeo-copy:latest`,
    ]);
    expect(await target().ok(["run", "--rm", "-q", `${target().registry}/skopeo-copy`])).toBe("skopeo-source");
    await remove(`${target().registry}/skopeo-copy`);
  });

  test("more than 128 layers", async () => {
    if (target().engine.kind === "dockerd") return; // Its limit is 125 layers.
    const layers = [await busyboxLayer()];
    for (let index = 0; index < 150; index++)
      layers.push(
        writeTar([
          { path: `many/${index}`, content: "x" },
          { path: "top", content: String(index) },
        ]),
      );
    await pushImage(target().registry, "many-layers", "latest", buildImage({ layers, format: "docker" }));
    const reference = `${target().registry}/many-layers`;
    expect(await target().ok(["run", "--rm", "-q", reference, "sh", "-c", "ls /many | wc -l; cat /top"])).toBe(
      "150\n149",
    );
    await remove(reference);
  });

  test("tag, images, history and rmi", async () => {
    const { reference } = await push("named");
    await target().ok(["pull", "-q", reference]);
    expect(await target().ok(["tag", reference, "own/name:v1"])).toBe("");
    expect(await target().ok(["images", "--format", "{{.Repository}}:{{.Tag}}", "own/name"])).toBe("own/name:v1\n");
    expect((await target().ok(["images"])).split("\n")[0]).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
    const history = await target().ok(["history", "--format", "{{.CreatedBy}}", "own/name:v1"]);
    expect(history).toBe("layer 1\nlayer 0\n");
    const id = (await target().ok(["inspect", "-f", "{{.Id}}", "own/name:v1"])).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await target().ok(["rmi", "own/name:v1"])).toBe("Untagged: own/name:v1\n");
    const removed = await target().ok(["rmi", reference]);
    expect(removed).toContain(`Untagged: ${reference}:latest\nUntagged: ${reference}@sha256:`);
    expect(removed).toContain(`Deleted: ${id}\n`);
    const gone = await target().run(["rmi", reference]);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(/No such image: \S+named/);
  });

  test("an image in use is not removed", async () => {
    const { reference } = await push("in-use");
    await target().ok(["run", "-q", "--name", "user", reference]);
    const refused = await target().run(["rmi", reference]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /conflict: unable to remove repository reference "\S+in-use" \(must force\) - container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}/,
    );
    await target().ok(["rm", "user"]);
    await remove(reference);
  });

  test("--pull never and always", async () => {
    const never = await target().run(["run", "--rm", "--pull", "never", "127.0.0.1:1/x"]);
    expect(never.code).toBe(125);
    expect(never.stderr).toMatch(/No such image: 127\.0\.0\.1:1\/x/);
    const { reference } = await push("always", { text: "old" });
    expect(await target().ok(["run", "--rm", "-q", reference])).toBe("old");
    await push("always", { text: "new" });
    expect(await target().ok(["run", "--rm", "-q", reference])).toBe("old");
    expect(await target().ok(["run", "--rm", "-q", "--pull", "always", reference])).toBe("new");
    await remove(reference);
  });
}

/** `berth build --output`: where a result can go, and that it is whole there. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { REPRODUCED, reproduced } from "../../build/reproduced.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

const EPOCH = "1700000000";
let lab: BuildLab;
let registry: RunningRegistry;

beforeAll(async () => {
  lab = await BuildLab.open("bout0", "172.31.233.1/24");
  registry = await startDebianRegistry({ dir: lab.engine.dir, port: await freePort() });
}, 180_000);
afterAll(async () => {
  await registry.stop();
  await lab.close();
});

const DOCKERFILE = `FROM busybox AS made
RUN mkdir -p /out/deep && echo text > /out/deep/file && ln -s /etc/passwd /out/link && ln -s ../../.. /out/up \\
 && chown 12:34 /out/deep/file && chmod 4750 /out/deep/file
FROM scratch
COPY --from=made /out /
LABEL purpose=outputs
`;

const context = (): string => lab.context({ Dockerfile: DOCKERFILE });
const path = (name: string): string => join(lab.engine.dir, name);

/** JSON member of a tar. */
async function member(tar: string, name: string): Promise<any> {
  return JSON.parse(await mustRun(["tar", "-xOf", tar, name]));
}

test("a folder: files with their modes and links, the person's own, nothing outside", async () => {
  const out = path("folder");
  await lab.engine.ok("build", "-o", out, "--build-arg", `SOURCE_DATE_EPOCH=${EPOCH}`, context());
  expect(readdirSync(out).toSorted()).toEqual(["deep", "link", "up"]);
  expect(readFileSync(join(out, "deep/file"), "utf8")).toBe("text\n");
  const stat = lstatSync(join(out, "deep/file"));
  expect([stat.uid, stat.gid]).toEqual([process.getuid?.() ?? 0, process.getgid?.() ?? 0]);
  expect(stat.mtimeMs).toBe(Number(EPOCH) * 1000);
  expect(readlinkSync(join(out, "link"))).toBe("/etc/passwd");
  expect(readlinkSync(join(out, "up"))).toBe("../../..");
});

test("a tar on standard output", async () => {
  const script = `"$@" | tar -tvf - | awk '{print $1, $2, $NF}'`;
  const words = [...berthCommand(), "build", "-o", "-", "--progress", "quiet", context()];
  const listed = await mustRun(["bash", "-o", "pipefail", "-c", script, "bash", ...words], { env: lab.environment() });
  expect(listed.split("\n").filter((line) => line.includes("file"))).toEqual(["-rwsr-x--- 12/34 deep/file"]);
});

test("archives: docker's is loaded again, an OCI layout is read by skopeo, several outputs of one build", async () => {
  const [docker, oci, folder, ids, metadata] = ["d.tar", "o.tar", "layout", "iid", "metadata.json"].map(path);
  await lab.engine.ok(
    ...["build", "-t", "archived:1", "-o", `type=docker,dest=${docker}`, "-o", `type=oci,dest=${oci}`],
    ...["-o", `type=oci,tar=false,dest=${folder}`, "--iidfile", ids ?? "", "--metadata-file", metadata ?? ""],
    ...["--annotation", "index-descriptor:a=b", "--annotation", "who=me", context()],
  );
  expect((await lab.engine.run("image", "inspect", "archived:1")).code).not.toBe(0);
  const loaded = await lab.engine.ok("load", "-i", docker ?? "");
  expect(loaded).toContain("Loaded image: archived:1");
  expect(await lab.engine.ok("image", "inspect", "-f", "{{.Config.Labels.purpose}}", "archived:1")).toBe("outputs\n");
  const [entry] = (await member(oci ?? "", "index.json")).manifests;
  expect(entry.annotations["io.containerd.image.name"]).toBe("docker.io/library/archived:1");
  const inspected = JSON.parse(await mustRun(["skopeo", "inspect", "--raw", `oci:${folder}:1`]));
  expect(inspected.annotations).toEqual({ who: "me" });
  expect(inspected.layers.map(({ mediaType }: any) => mediaType)).toEqual([
    "application/vnd.oci.image.layer.v1.tar+gzip",
  ]);
  await mustRun(["skopeo", "copy", "--insecure-policy", `oci-archive:${oci}`, `dir:${path("copied")}`]);
  const told = JSON.parse(readFileSync(metadata ?? "", "utf8"));
  expect(told["containerimage.digest"]).toBe(entry.digest);
  expect(told["image.name"]).toBe("docker.io/library/archived:1");
  expect(readFileSync(ids ?? "", "utf8")).toBe(told["containerimage.config.digest"]);
});

test("pushed to a registry, with zstd, also by the digest alone", async () => {
  const name = `${registry.address}/pushed`;
  const metadata = path("pushed.json");
  await lab.engine.ok(
    ...[
      "build",
      "-t",
      `${name}:1`,
      "--push",
      "-o",
      "type=image,compression=zstd",
      "--metadata-file",
      metadata,
      context(),
    ],
  );
  const raw = await mustRun(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}:1`]);
  expect(JSON.parse(raw).layers[0].mediaType).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`;
  expect(JSON.parse(readFileSync(metadata, "utf8"))["containerimage.digest"]).toBe(digest);
  expect(await lab.engine.ok("image", "inspect", "-f", "{{.Config.Labels.purpose}}", `${name}:1`)).toBe("outputs\n");
  const other = [
    "build",
    "-o",
    `type=registry,name=${name},push-by-digest=true,store=false`,
    "--metadata-file",
    metadata,
  ];
  await lab.engine.ok(...other, context());
  const alone = JSON.parse(readFileSync(metadata, "utf8"))["containerimage.digest"];
  await mustRun(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}@${alone}`]);
  const tags = await mustRun(["skopeo", "list-tags", "--tls-verify=false", `docker://${name}`]);
  expect(JSON.parse(tags).Tags).toEqual(["1"]);
});

/** An engine with a data root on a tmpfs of its own. */
const ON_TMPFS = [
  ...["unshare", "--mount", "sh", "-c"],
  'for word; do [ "$last" = --data-root ] && data=$word; last=$word; done; mkdir -p "$data" && mount -t tmpfs data "$data" && exec "$@"',
  "sh",
];

test("what was built at another time by another engine on another file system is the same to the last byte", async () => {
  const other = await BuildLab.open("bout1", "172.31.234.1/24", [], ON_TMPFS);
  try {
    const digests = [];
    for (const [index, builder] of [lab, other].entries()) {
      const metadata = path(`reproduced-${index}.json`);
      const output = `type=oci,dest=${path(`reproduced-${index}.tar`)},rewrite-timestamp=true`;
      const args = ["--build-arg", `SOURCE_DATE_EPOCH=${EPOCH}`, "--metadata-file", metadata, "-o", output];
      await builder.engine.ok("build", ...args, builder.context({ Dockerfile: DOCKERFILE }));
      digests.push(JSON.parse(readFileSync(metadata, "utf8"))["containerimage.digest"]);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(readFileSync(path("reproduced-0.tar"))).toEqual(readFileSync(path("reproduced-1.tar")));
    for (const { engine } of [lab, other])
      expect(await reproduced((...args) => engine.ok(...args), engine.dir)).toEqual(REPRODUCED);
  } finally {
    await other.close();
  }
});

test("refused by name", async () => {
  const folder = context();
  const noId = await lab.engine.run("build", "-o", path("no"), "--iidfile", path("no-id"), folder);
  expect([noId.code, noId.stderr]).toEqual([1, expect.stringContaining("incompatible with image ID file")]);
  const refusals: readonly (readonly [string, string])[] = [
    ["type=nonsense", "type=nonsense is not known"],
    ["type=image,unpacked=1", "does not know unpacked"],
    ["type=oci,dest=/tmp/x,compression=estargz", "compression=estargz"],
    ["type=local", "dest is required for local output"],
    ["a=b,dest=/tmp/x", "type is required for output"],
    ["type=oci,dest=/tmp/x,rewrite-timestamp=true", "rewrite-timestamp needs SOURCE_DATE_EPOCH"],
  ];
  for (const [output, why] of refusals) {
    const failed = await lab.engine.run("build", "-o", output, folder);
    expect([output, failed.code, failed.stderr]).toEqual([output, 1, expect.stringContaining(why)]);
  }
});

test("attestations stand beside files and name each of them", async () => {
  const sources = {
    Dockerfile: `FROM busybox AS made
RUN mkdir -p /out/sub && echo hello > /out/file && ln /out/file /out/sub/same && ln -s file /out/link && echo old > /out/provenance.json
FROM scratch
COPY --from=made /out /
COPY status /var/lib/dpkg/status
`,
    status: "Package: tool\nStatus: install ok installed\nVersion: 1.0\nArchitecture: all\n\n",
  };
  const [folder, tar, metadata] = ["attested", "attested.tar", "attested.json"].map(path);
  const flags = ["--provenance", "mode=max,builder-id=https://here", "--sbom", "true"];
  await lab.engine.ok(
    ...[
      "build",
      ...flags,
      "-o",
      folder ?? "",
      "-o",
      `type=tar,dest=${tar},attestation-prefix=my-,platform-split=false`,
    ],
    ...["--metadata-file", metadata ?? "", lab.context(sources)],
  );
  const read = (name: string): any => JSON.parse(readFileSync(join(folder ?? "", name), "utf8"));
  const hello = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
  const provenance = read("provenance.json");
  expect(provenance).toMatchObject({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { runDetails: { builder: { id: "https://here" } } },
  });
  const subjects = provenance.subject.map(({ name }: any) => name);
  expect(subjects).toEqual(["file", "sub/same", "var/lib/dpkg/status"]);
  for (const subject of provenance.subject.slice(0, 2)) expect(subject.digest).toEqual({ sha256: hello });
  const sbom = read("sbom.spdx.json");
  expect([sbom.predicateType, sbom.predicate.packages[0].name]).toEqual(["https://spdx.dev/Document", "tool"]);
  expect(sbom.subject).toEqual(provenance.subject);
  expect(lstatSync(join(folder ?? "", "provenance.json")).mode & 0o777).toBe(0o600);
  const told = JSON.parse(readFileSync(metadata ?? "", "utf8"))["buildx.build.provenance"];
  expect(told.buildDefinition).toEqual(provenance.predicate.buildDefinition);
  // Nothing is in the way of this one's name.
  const { arch } = process;
  const name = `my-provenance.linux_${arch === "x64" ? "amd64" : arch}.json`;
  expect((await member(tar ?? "", name)).subject.map((one: any) => one.name)).toContain("provenance.json");
});

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../tools/lab/command.ts";

/** Unix seconds: before the files of the context, and before what its commands write. */
const EPOCH = 1_700_000_000;

/** Nothing of the base image's own bytes is in the result, so that it is the same on every distribution. */
const DOCKERFILE = `FROM busybox AS made
COPY . /context
RUN mkdir -p /out/deep && cp -r /context/files /out && rm /out/files/7 && echo text > /out/deep/file \\
 && ln -s /etc/passwd /out/link && ln /out/deep/file /out/again && chown 12:34 /out/deep && chmod 4750 /out/deep/file \\
 && mkfifo /out/pipe && touch -d "2001-02-03 04:05:06" /out/old && touch -d "2031-02-03 04:05:06" /out/young
FROM scratch
COPY --from=made /out /
COPY files/1* /one/
LABEL purpose=reproduced
`;

/** What the build below came to when this was written. */
export const REPRODUCED = {
  created: "2023-11-14T22:13:20Z",
  layers: [
    "sha256:a4ef38b7c21d6912020db28c632f61e466b6bf153171fce49f33b80242294cc6",
    "sha256:e843939b7aa84b569f490c8aa235b6bfafc7339f666f122c326e329194b7ca1a",
  ],
};

/**
 * Build it by the engine that `berth` speaks to: the new layers' digests and the image's time. `dir` is scratch, in which a
 * context is made anew, with whatever times and order of files the machine gives it.
 */
export async function reproduced(
  berth: (...args: readonly string[]) => Promise<string>,
  dir: string,
): Promise<typeof REPRODUCED> {
  const context = join(dir, "reproduced");
  mkdirSync(join(context, "files"), { recursive: true });
  for (let index = 20; index >= 0; index--) writeFileSync(join(context, "files", String(index)), `${index}\n`);
  writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
  const tar = join(dir, "reproduced.tar");
  const output = `type=oci,dest=${tar},rewrite-timestamp=true,compression=uncompressed`;
  await berth("build", "--build-arg", `SOURCE_DATE_EPOCH=${EPOCH}`, "-o", output, context);
  const member = async (name: string): Promise<any> => JSON.parse(await mustRun(["tar", "-xOf", tar, name]));
  const blob = ({ digest }: { readonly digest: string }): Promise<any> => member(`blobs/${digest.replace(":", "/")}`);
  const [descriptor] = (await member("index.json")).manifests;
  const { config } = await blob(descriptor);
  const { created, rootfs } = await blob(config);
  rmSync(context, { recursive: true });
  rmSync(tar);
  return { created, layers: rootfs.diff_ids };
}

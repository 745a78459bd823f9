import { isDigest } from "#base/digest.ts";
import type { WebReply } from "#host/web/web-server.ts";
import { mountBlob } from "#registry/blobs/mount-blob.ts";
import type { RegistryContext } from "#registry/context.ts";
import { ChunkOutOfOrder, digestInvalid } from "#registry/failure.ts";
import { appendUpload, type Chunk } from "#registry/uploads/append-upload.ts";
import { cancelUpload } from "#registry/uploads/cancel-upload.ts";
import { finishUpload } from "#registry/uploads/finish-upload.ts";
import { startUpload } from "#registry/uploads/start-upload.ts";
import { settledOffset, uploadOffset } from "#registry/uploads/upload.ts";
import { parseChunkRange } from "#spec/oci/distribution.ts";
import type { Call, Route } from "../call.ts";
import { empty } from "../replies.ts";
import { uploadRange } from "../status.ts";

const start = /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/;
const path = /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/;

/** Uploads: distribution-spec end-4 to end-6, end-11, end-13, end-14. */
export function uploadRoutes(context: RegistryContext): readonly Route[] {
  return [
    { method: "POST", path: start, need: "push", handle: (call) => begin(context, call) },
    { method: "PATCH", path, need: "push", handle: (call) => append(context, call) },
    { method: "PUT", path, need: "push", handle: (call) => finish(context, call) },
    { method: "GET", path, need: "push", handle: (call) => progress(context, call) },
    {
      method: "DELETE",
      path,
      need: "push",
      handle: async ({ params }) => {
        await cancelUpload(context, nameOf(params), idOf(params));
        return empty(204);
      },
    },
  ];
}

type Params = Call["params"];
const nameOf = (params: Params): string => params["name"] ?? "";
const idOf = (params: Params): string => params["id"] ?? "";

async function begin(context: RegistryContext, { request, params, query, actor, may }: Call): Promise<WebReply> {
  const name = nameOf(params);
  const mount = query.get("mount");
  if (mount !== null) {
    const from = query.get("from") ?? "";
    const mayMount = from === "" || may("pull", from);
    const source = from === "" ? { anyThat: (each: string) => may("pull", each) } : { name: from };
    if (mayMount && mountBlob(context, name, mount, source, actor)) return created(name, mount);
  }
  const digest = query.get("digest");
  if (digest !== null && !isDigest(digest)) throw digestInvalid(digest, "this is no sha256 or sha512 digest");
  const asked = digest?.split(":", 1)[0] ?? query.get("digest-algorithm");
  if (asked !== undefined && asked !== null && asked !== "sha256" && asked !== "sha512")
    throw digestInvalid(asked, "digests are by sha256 or sha512");
  const id = await startUpload(context, name, asked ?? "sha256");
  if (digest === null) return { ...accepted(name, id, 0), status: 202 };
  try {
    await finishUpload(context, name, id, { digest, chunk: { bytes: request.body }, actor });
  } catch (error) {
    // Nobody else knows the upload, so nobody could go on with it.
    await context.storage.discard(id);
    throw error;
  }
  return created(name, digest);
}

async function append(context: RegistryContext, { request, params }: Call): Promise<WebReply> {
  const [name, id] = [nameOf(params), idOf(params)];
  const size = await appendUpload(context, name, id, await chunkOf(context, request, name, id));
  return accepted(name, id, size);
}

async function finish(context: RegistryContext, { request, params, query, actor }: Call): Promise<WebReply> {
  const [name, id] = [nameOf(params), idOf(params)];
  const digest = query.get("digest");
  if (digest === null) throw digestInvalid("", "the digest parameter is missing");
  await finishUpload(context, name, id, { digest, chunk: await chunkOf(context, request, name, id), actor });
  return created(name, digest);
}

async function progress(context: RegistryContext, { params }: Call): Promise<WebReply> {
  const [name, id] = [nameOf(params), idOf(params)];
  return { ...accepted(name, id, await settledOffset(context, name, id)), status: 204 };
}

async function chunkOf(context: RegistryContext, request: Call["request"], name: string, id: string): Promise<Chunk> {
  const header = request.header("content-range");
  if (header === undefined) return { bytes: request.body };
  const range = parseChunkRange(header);
  if (range === undefined)
    throw new ChunkOutOfOrder(id, await uploadOffset(context, name, id), "Content-Range is not <start>-<end>");
  return { bytes: request.body, range };
}

function accepted(name: string, id: string, sizeBytes: number): WebReply {
  return empty(202, {
    Location: `/v2/${name}/blobs/uploads/${id}`,
    Range: uploadRange(sizeBytes),
    "Docker-Upload-UUID": id,
  });
}

function created(name: string, digest: string): WebReply {
  return empty(201, { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

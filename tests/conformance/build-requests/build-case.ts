import { writeTar, type TarEntry } from "../../../tools/lab/tar-writer.ts";
import type { Target } from "../target.ts";

/** A request to the classic door of builds, and what is looked at of its answer. */
export interface BuildCase {
  readonly name: string;
  /** Default: `POST`. */
  readonly method?: string;
  /** What follows `/build`: another path of that door, a query. `{registry}` in it, and in files, is the lab's. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The context; a text alone is its Dockerfile. Default: no body. */
  readonly files?: string | Readonly<Record<string, string>>;
  /** Instead of {@link files}: the body as it is, or a change of the archive. */
  readonly body?: Uint8Array | ((archive: Uint8Array) => Uint8Array);
  /** Before the request, and what it gives is written down too. */
  readonly before?: (target: Target) => Promise<unknown>;
  /** After it; what it gives is written down behind the answer. */
  readonly after?: (target: Target) => Promise<string>;
  /** What is kept of the answer; default: all. */
  readonly keep?: RegExp;
  /** Ours answers otherwise, and why; what it answers stands in the golden file too. */
  readonly differs?: string;
}

function contextArchive(files: NonNullable<BuildCase["files"]>, registry: string): Uint8Array {
  const all = typeof files === "string" ? { Dockerfile: files } : files;
  return writeTar(
    Object.entries(all).map(([path, text]): TarEntry => ({ path, content: withRegistry(text, registry), mode: 0o644 })),
  );
}

const withRegistry = (text: string, registry: string): string => text.replaceAll("{registry}", registry);

/** Carry a case out on an engine: status, content type and what it says, without what is another each time. */
export async function answerTo(target: Target, one: BuildCase): Promise<string> {
  await one.before?.(target);
  const archive = one.files === undefined ? undefined : contextArchive(one.files, target.registry);
  const body = typeof one.body === "function" ? one.body(archive ?? new Uint8Array()) : (one.body ?? archive);
  const path = withRegistry(one.path ?? "", target.registry);
  const response = await fetch(`http://engine/v1.41/build${path}`, {
    unix: target.engine.socket,
    method: one.method ?? "POST",
    headers: { "content-type": "application/x-tar", ...one.headers },
    ...(body === undefined ? {} : { body }),
  });
  const said = plain(target, spoken(await response.text()));
  const kept =
    one.keep === undefined
      ? said
      : said
          .split("\n")
          .filter((line) => one.keep?.test(line))
          .join("\n");
  const after = one.after === undefined ? "" : `\nafterwards: ${plain(target, await one.after(target)).trim()}`;
  return `${response.status} ${kept.trimEnd()}${after}`.trim();
}

/** Texts of a stream as a terminal shows them, other messages as they are. */
function spoken(text: string): string {
  return text
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) => {
      try {
        const message = JSON.parse(line) as { readonly stream?: string; readonly status?: string };
        if (message.stream !== undefined) return message.stream;
        return `${message.status === undefined ? line : `(${message.status.replace(/^[0-9a-f]{12}: /, "")})`}\n`;
      } catch {
        return line;
      }
    })
    .join("");
}

/**
 * An answer of docker as ours gives it, by the differences that hold for all of them: see docs/differences.md. What is wrong
 * with a request is told with 400 instead of 500; a setting has no container and is not in the cache.
 */
export function asOurs(answer: string): string {
  const lines = answer.replace(/^500 /, "400 ").split("\n");
  const isSetting = /^(?:200 )?Step \d+\/\d+ : (?!RUN|COPY|ADD)/i;
  let inSetting = false;
  const kept = lines.filter((line) => {
    if (/^(?:200 )?Step /.test(line)) inSetting = isSetting.test(line);
    return !(inSetting && /^ ---> (?:Running in|Removed intermediate container|Using cache)/.test(line));
  });
  return kept.join("\n");
}

/** Whether ours says the same; a hint may follow what docker says, and a stream that ends in an error may be that error. */
export function isSame(ours: string, theirs: string): boolean {
  const [, message] = /\{"errorDetail":\{"message":(".*")\},"error":".*"\}$/.exec(theirs) ?? [];
  const sayings = [theirs, ...(message === undefined ? [] : [`400 {"message":${message}}`])];
  const isHinted = (saying: string): boolean =>
    saying.endsWith('"}') && [" ", ". "].some((join) => ours.startsWith(saying.slice(0, -2) + join));
  return sayings.some((saying) => ours === saying || isHinted(saying));
}

function plain(target: Target, text: string): string {
  return (
    text
      .replaceAll(target.registry, "REGISTRY")
      .replaceAll(target.engine.dir, "ENGINE")
      .replace(/available: 0-\d+/g, "available: ALL")
      .replace(/ENGINE\/data\/tmp\/docker-builder\d+\//g, "")
      // Where a process writes to a pipe more than once it is chance what is read together.
      .replaceAll("\u001b[0m\u001b[91m", "")
      .replace(/\n\u001b\[0m/g, "\u001b[0m\n")
      .replace(/\bsha256:[0-9a-f]{64}\b/g, "DIGEST")
      .replace(/\b[0-9a-f]{64}\b/g, "LONG-ID")
      .replace(/\b[0-9a-f]{12}\b/g, "ID")
  );
}

/** Standard output of a command in a container of an image that a case built. */
export const runIn =
  (image: string, ...args: readonly string[]) =>
  (target: Target): Promise<string> =>
    target.ok(["run", "--rm", "--network", "none", image, ...args]);

export const inspected =
  (image: string, format: string) =>
  (target: Target): Promise<string> =>
    target.ok(["image", "inspect", "-f", format, image]);

import { BerthError } from "#base/errors.ts";
import type { PathStat } from "#spec/docker/archive.ts";
import type { ContainerView } from "../files/view.ts";
import type { ContainerFiles, ExtractRequest } from "../ports.ts";

/** Files of containers in memory: every container has the same ones, by path. */
export class FakeContainerFiles implements ContainerFiles {
  readonly texts = new Map([["/etc/passwd", "root:x:0:0\n"]]);
  /** Every view that was looked through, newest last. */
  readonly views: ContainerView[] = [];
  readonly extracted: { readonly path: string; readonly options: ExtractRequest["options"]; readonly bytes: number }[] =
    [];

  async stat(view: ContainerView, path: string): Promise<PathStat> {
    this.views.push(view);
    const text = this.texts.get(path);
    if (text === undefined) throw new BerthError("not-found", path);
    const name = path.slice(path.lastIndexOf("/") + 1);
    return { name, size: text.length, mode: 0o644, mtime: "2026-01-01T00:00:00Z", linkTarget: "" };
  }

  async read(view: ContainerView, path: string) {
    return { stat: await this.stat(view, path), chunks: this.#chunks(this.texts.get(path) ?? "") };
  }

  async readAll(view: ContainerView) {
    this.views.push(view);
    return this.#chunks([...this.texts.values()].join(""));
  }

  async changes() {
    return [{ Path: "/etc", Kind: 0 as const }];
  }

  async extract(view: ContainerView, { path, options, body }: ExtractRequest): Promise<void> {
    this.views.push(view);
    if (path !== "/" && !this.texts.has(path)) throw new BerthError("not-found", path);
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    this.extracted.push({ path, options, bytes });
  }

  async *#chunks(text: string): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(text);
  }
}

import type { JsonReply, TextReply } from "./reply.ts";
import type { ApiVersion } from "./versions/api-version.ts";
import { asOfVersion, inSteps, stepsFor } from "./versions/as-of-version.ts";
import type { VersionStep } from "./versions/version-step.ts";

/** Prints answers as JSON, as the version that was asked for has them. */
export class JsonTexts {
  /** Of items that last, by what was done to them; gone with the items. */
  readonly #kept = new WeakMap<object, Map<string, string>>();

  print(reply: JsonReply, version: ApiVersion): TextReply {
    const { status, shape, body } = reply;
    const text =
      reply.lasting === true
        ? this.#list(body as readonly object[], stepsFor(shape, version))
        : JSON.stringify(asOfVersion(shape, version, body));
    return { kind: "text", status, text: `${text}\n`, headers: { "Content-Type": "application/json" } };
  }

  #list(items: readonly object[], steps: readonly VersionStep[]): string {
    const key = steps.map(({ reason }) => reason).join();
    return `[${items.map((item) => this.#item(item, steps, key)).join(",")}]`;
  }

  #item(item: object, steps: readonly VersionStep[], key: string): string {
    const texts = this.#kept.get(item) ?? new Map<string, string>();
    const kept = texts.get(key);
    if (kept !== undefined) return kept;
    const text = JSON.stringify(inSteps(steps, item));
    this.#kept.set(item, texts.set(key, text));
    return text;
  }
}

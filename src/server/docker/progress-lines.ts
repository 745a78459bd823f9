import { messageOf } from "#base/errors.ts";
import { jsonMessageError, jsonMessageLine, type JsonMessage } from "#spec/docker/json-message.ts";

/**
 * Progress as it comes, one JSON text a line. A failure before the first line is thrown, and answered with its status;
 * after it, or with `inStream`, it is the last line.
 */
export async function* progressLines(
  work: (report: (message: JsonMessage) => void) => Promise<void>,
  options: { readonly inStream?: boolean } = {},
): AsyncGenerator<string> {
  const queue: JsonMessage[] = [];
  let wake = (): void => {};
  let outcome: { readonly error?: unknown } | undefined;
  const finish = (result: { readonly error?: unknown }): void => {
    outcome = result;
    wake();
  };
  work((message) => {
    queue.push(message);
    wake();
  }).then(
    () => finish({}),
    (error: unknown) => finish({ error }),
  );
  for (let spoken = options.inStream ?? false; ;) {
    if (queue.length > 0) {
      yield queue.splice(0).map(jsonMessageLine).join("");
      spoken = true;
    } else if (outcome !== undefined) {
      if (!("error" in outcome)) return;
      if (!spoken) throw outcome.error;
      yield jsonMessageLine(jsonMessageError(messageOf(outcome.error)));
      return;
    } else await new Promise<void>((resolve) => (wake = resolve));
  }
}

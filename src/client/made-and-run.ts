import { BerthError } from "#base/errors.ts";
import { MessageReader } from "#host/http/body-reader.ts";
import type { Duplex } from "#host/http/duplex.ts";
import type { HttpResponse } from "#host/http/http-client.ts";
import { endedOutputType } from "#spec/berth/ended-output.ts";
import { note, runHeader, type Note, type Refused } from "#spec/berth/made-and-run.ts";
import { STDCOPY_HEADER_BYTES } from "#spec/docker/stdcopy.ts";
import { apiError } from "./api-error.ts";
import { jsonOf, type ApiTransport, type CallOptions } from "./api-transport.ts";
import { endedStream, type EndedStream } from "./ended-stream.ts";

/** What was made; `run` where the engine runs it already: it resolves when it does, and rejects when it does not start. */
export interface MadeAndRun<Made, End> {
  readonly made: Made;
  readonly run?: () => Promise<EndedStream<End>>;
}

/**
 * A call that makes a container or an exec, and has it run, without input, where the engine can: spec/berth/made-and-run.ts.
 * `asked`: the header. `terminal`: it has one.
 */
export async function callToRun<Made, End>(
  transport: ApiTransport,
  path: string,
  options: CallOptions & { readonly asked: string; readonly terminal: boolean },
): Promise<MadeAndRun<Made, End>> {
  const { asked, terminal, ...call } = options;
  const response = await transport.call("POST", path, { ...call, headers: { [runHeader]: asked } });
  if (response.headers.get("content-type") !== endedOutputType) return { made: await jsonOf<Made>(response) };
  const output = outputOf(response);
  const reader = new MessageReader(output);
  const made = JSON.parse((await nextNote(reader)).text) as Made;
  const run = async (): Promise<EndedStream<End>> => {
    const { kind, text } = await nextNote(reader);
    if (kind === "running") return endedStream({ ...output, read: () => reader.read() }, terminal);
    output.close();
    const { status, message } = JSON.parse(text) as Refused;
    throw apiError(status, message);
  };
  return { made, run };
}

async function nextNote(reader: MessageReader): Promise<{ readonly kind: Note; readonly text: string }> {
  const head = await reader.exactly(STDCOPY_HEADER_BYTES);
  const kind = (["made", "running", "refused"] as const).find((one) => note[one] === head[0]);
  if (kind === undefined) throw new BerthError("data-loss", `unexpected frame ${String(head[0])} from the engine`);
  const length = new DataView(head.buffer, head.byteOffset).getUint32(4);
  return { kind, text: new TextDecoder().decode(await reader.exactly(length)) };
}

/** An answer's body as a connection on which there is nothing to say. */
function outputOf(response: HttpResponse): Duplex {
  const chunks = response.body()[Symbol.asyncIterator]();
  return {
    async read() {
      const next = await chunks.next();
      return next.done === true ? undefined : next.value;
    },
    write: async () => {},
    endWrite: async () => {},
    close: () => void chunks.return?.().catch(() => undefined),
  };
}

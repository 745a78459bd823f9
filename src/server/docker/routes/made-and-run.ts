import { isBerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { endedOutputType } from "#spec/berth/ended-output.ts";
import { encodeNote, runHeader } from "#spec/berth/made-and-run.ts";
import type { CreateResponse } from "#spec/docker/container.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { Call } from "../call.ts";
import { errorAnswer } from "../error-answer.ts";
import { parseQuery } from "../query.ts";
import type { HijackReply, RawConnection } from "../reply.ts";
import { carryExec, runOptions, startToRun, type RunOptions } from "./berth-run.ts";
import { startedExec } from "./exec-streams.ts";

const header = runHeader.toLowerCase();

export const asksToRun = (call: Call): boolean => call.header(header) !== undefined;

/** How to run the container that a request makes; undefined when it is only to be made. */
export function askedToRun(call: Call): RunOptions | undefined {
  const asked = call.header(header);
  return asked === undefined ? undefined : { ...runOptions(parseQuery(asked)), stdin: false };
}

/** Nothing starts for a client that has left when it is made. */
export function runMadeContainer(engine: Engine, made: CreateResponse, options: RunOptions): HijackReply {
  return madeAndRun(made, (client) => startToRun(engine, made.Id, options, client.gone));
}

export function runMadeExec(
  engine: Engine,
  call: Call,
  made: { readonly Id: string },
  { ConsoleSize }: Pick<ExecConfig, "ConsoleSize">,
): HijackReply {
  return madeAndRun(made, async () => {
    const prepared = startedExec(engine, call, made.Id, { Detach: false, ConsoleSize });
    return (client) => carryExec(prepared, client);
  });
}

function madeAndRun(
  made: unknown,
  start: (client: RawConnection) => Promise<(client: RawConnection) => Promise<void>>,
): HijackReply {
  return {
    kind: "hijack",
    contentType: endedOutputType,
    async run(client) {
      await client.write(encodeNote("made", made));
      if (client.gone.aborted) return;
      let carry: (client: RawConnection) => Promise<void>;
      try {
        carry = await start(client);
      } catch (error) {
        await client.write(encodeNote("refused", errorAnswer(error)));
        if (isBerthError(error)) return;
        throw error;
      }
      await client.write(encodeNote("running"));
      await carry(client);
    },
  };
}

import { prctl } from "../kernel/syscalls.ts";
import { encodeError, encodeLine, lines, type FromHelper, type Json, type ToHelper } from "./helper-protocol.ts";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** What a task may do beside returning its result. */
export interface HelperContext {
  /** Tell the engine something while at work. Resolves when it is on its way, for tasks that will not yield for long. */
  send(message: Json): Promise<void>;
  /** Hear what the engine says from now on. */
  onMessage(listener: (message: Json) => void): void;
}

export type HelperTask = (input: Json, context: HelperContext) => Promise<Json>;

/**
 * The main loop of a helper process: carry out tasks one after another until stdin closes, which also happens when the
 * engine dies; work under way is then abandoned. See helper-protocol.ts.
 */
export async function serveHelper(tasks: Readonly<Record<string, HelperTask>>): Promise<never> {
  endWithParent();
  const output = Bun.stdout.writer();
  const say = async (value: FromHelper): Promise<void> => {
    void output.write(encodeLine(value));
    await output.flush();
  };
  let listener: (message: Json) => void = () => {};
  for await (const line of lines(Bun.stdin.stream())) {
    const value = JSON.parse(line) as ToHelper;
    if ("message" in value) {
      listener(value.message);
      continue;
    }
    const early: Json[] = [];
    listener = (message) => void early.push(message);
    const context: HelperContext = {
      send: (message) => say({ message }),
      onMessage(next) {
        listener = next;
        for (const message of early.splice(0)) next(message);
      },
    };
    void run(tasks[value.start], value.start, value.input, context).then(say);
  }
  process.exit(0);
}

async function run(
  task: HelperTask | undefined,
  name: string,
  input: Json,
  context: HelperContext,
): Promise<FromHelper> {
  try {
    if (task === undefined) throw new Error(`no helper task ${name}`);
    return { result: await task(input, context) };
  } catch (error) {
    return encodeError(error);
  }
}

/**
 * A task that is deep in system calls would notice the end of stdin late, and the next engine would find it still writing:
 * the kernel ends this process with the engine. prctl(2), PR_SET_PDEATHSIG
 */
function endWithParent(): void {
  const parent = process.ppid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (process.ppid !== parent) process.exit(1);
}

import { BerthError, isBerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { ContainerInspect } from "#spec/docker/container.ts";
import type { Handler, Invocation } from "../command.ts";
import { run } from "../container/run.ts";
import { runFlags } from "../container/container-flags.ts";
import { parseFlags } from "../flags/parse-flags.ts";
import { besideContainer, insideImage, type DebugOptions } from "./debug-line.ts";
import { pullTools } from "./pull-tools.ts";

/**
 * `debug`: a shell with tools in a container or image that has none. Beside a running container in its namespaces; in a
 * copy of a stopped one; in a new container of an image. Ends with the shell's exit code and leaves nothing.
 */
export const debug: Handler = async (invocation) => {
  const { flags, args, io } = invocation;
  const [name = "", ...command] = args;
  const options: DebugOptions = {
    tools: flags.text("tools"),
    command,
    terminal: io.stdin.isTerminal() && io.stdout.isTerminal(),
  };
  const client = await invocation.client();
  const container = await found(() => client.containers.inspect(name));
  if (container?.State.Running === true) return beside(container, options, invocation);
  await pullTools(options.tools, invocation);
  if (container !== undefined) return insideCopy(container, options, invocation);
  const image = await found(() => client.images.inspect(name));
  if (image === undefined) {
    throw new BerthError("not-found", `there is no container or image ${JSON.stringify(name)}`, {
      hint: "Pull the image first, or look at 'ps --all'.",
    });
  }
  const path = pathOf(image.Config?.Env);
  return runLine(insideImage({ id: image.Id, name, path }, options), invocation);
};

async function beside(container: ContainerInspect, options: DebugOptions, invocation: Invocation): Promise<number> {
  const pid = container.HostConfig.PidMode;
  const isShared = pid !== "" && pid !== "private";
  if (options.terminal) {
    invocation.io.stderr.write(
      isShared
        ? "The container's processes are shared with others: its files are below /proc/PID/root.\n"
        : "The container's files are below /container; what you change there, changes.\n",
    );
  }
  return runLine(besideContainer(container, options), invocation);
}

/** A stopped container's files are copied into an image that is removed again. */
async function insideCopy(container: ContainerInspect, options: DebugOptions, invocation: Invocation): Promise<number> {
  const client = await invocation.client();
  const id = await client.containers.commit(container.Id, { pause: false, comment: "berth debug" });
  if (options.terminal)
    invocation.io.stderr.write("This is a copy of the stopped container's files; its volumes are its own.\n");
  try {
    const copy = {
      id,
      name: container.Name.replace(/^\//, ""),
      path: pathOf(container.Config.Env),
      volumesFrom: container.Id,
    };
    return await runLine(insideImage(copy, options), invocation);
  } finally {
    await removeCopy(client, id);
  }
}

async function removeCopy(client: EngineClient, id: string): Promise<void> {
  try {
    await client.images.remove(id, { force: true });
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
  }
}

function runLine(line: readonly string[], invocation: Invocation): Promise<number> {
  const { flags, args } = parseFlags(line, runFlags, { interspersed: false });
  return run({ ...invocation, flags, args });
}

async function found<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isBerthError(error, "not-found")) return undefined;
    throw error;
  }
}

function pathOf(env: readonly string[] | null | undefined): string | undefined {
  return env?.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
}

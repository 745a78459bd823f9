import { BerthError } from "#base/errors.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import type { ServiceHook } from "../model/deploy.ts";
import { environmentList } from "../engine/container-request.ts";
import type { ApplyContext } from "./context.ts";

/** Run a command of `post_start` or `pre_stop` in a running container. `internal` with its output when it fails. */
export async function runHook(
  { client }: Pick<ApplyContext, "client">,
  container: string,
  hook: ServiceHook,
  what: string,
): Promise<void> {
  const { Id } = await client.exec.create(container, {
    Cmd: [...(hook.command ?? [])],
    AttachStdout: true,
    AttachStderr: true,
    Env: [...environmentList(hook.environment ?? {})],
    ...(hook.user === undefined ? {} : { User: hook.user }),
    ...(hook.privileged === undefined ? {} : { Privileged: hook.privileged }),
    ...(hook.working_dir === undefined ? {} : { WorkingDir: hook.working_dir }),
  });
  const { stream } = await client.exec.attach(Id, { tty: false });
  const frames = new FrameDecoder();
  let output = "";
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) {
    for (const { payload } of frames.push(chunk)) output += Buffer.from(payload).toString();
  }
  stream.close();
  const { ExitCode } = await client.exec.inspect(Id);
  if (ExitCode !== 0)
    throw new BerthError(
      "internal",
      `${what} hook exited with status ${ExitCode ?? -1}${output === "" ? "" : `: ${output.trim()}`}`,
    );
}

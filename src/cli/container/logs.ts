import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import type { Handler } from "../command.ts";
import { timestampParameter } from "../format/timestamp.ts";

/** `logs`: to stdout and stderr as the container wrote them. */
export const logs: Handler = async ({ flags, args, io, client }) => {
  const [name = ""] = args;
  const api = await client();
  const { Id: id, Config } = await api.containers.inspect(name);
  const now = io.now();
  const output = await api.containers.logs(id, {
    stdout: true,
    stderr: true,
    follow: flags.on("follow"),
    timestamps: flags.on("timestamps"),
    details: flags.on("details"),
    since: timestampParameter(flags.text("since"), now, "since"),
    until: timestampParameter(flags.text("until"), now, "until"),
    tail: flags.text("tail"),
  });
  const decoder = Config.Tty === true ? undefined : new FrameDecoder();
  for await (const chunk of output) {
    if (decoder === undefined) io.stdout.write(chunk);
    else
      for (const { stream, payload } of decoder.push(chunk))
        (stream === "stderr" ? io.stderr : io.stdout).write(payload);
  }
  return 0;
};

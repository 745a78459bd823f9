import { Demultiplexer } from "#spec/docker/stdcopy.ts";
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
  const streams = Config.Tty === true ? undefined : new Demultiplexer();
  for await (const chunk of output) {
    if (streams === undefined) io.stdout.write(chunk);
    else
      streams.push(chunk, (stream, bytes) => {
        if (stream === "systemerr") throw new Error(`error from daemon in stream: ${new TextDecoder().decode(bytes)}`);
        (stream === "stderr" ? io.stderr : io.stdout).write(bytes);
      });
  }
  return 0;
};

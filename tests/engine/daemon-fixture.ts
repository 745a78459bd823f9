import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../tools/lab/command.ts";
import { startDaemon, type DaemonProcess } from "../../tools/lab/daemon-process.ts";
import { answersPing, berthCommand } from "../../tools/lab/engines.ts";

export interface StartedDaemon {
  readonly process: DaemonProcess;
  /** Of the engine, which a supervisor may stand in front of. */
  readonly pid: () => number;
  readonly log: () => string;
}

/** An engine, without a default network unless `network` says that the arguments name one, of its own folders below `dir`, that listens at `dir`/berth.sock. */
export async function startPlainDaemon(options: {
  readonly dir: string;
  readonly args?: readonly string[];
  /** In front of the engine's own command line. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly fds?: readonly number[];
  readonly network?: boolean;
  readonly ready?: () => Promise<boolean>;
}): Promise<StartedDaemon> {
  const { dir, args = [], through = [], env, fds = [] } = options;
  const socket = join(dir, "berth.sock");
  const logPath = join(dir, "berth.log");
  const pidFile = join(dir, "berth.pid");
  const process = await startDaemon({
    argv: [
      ...through,
      ...berthCommand(),
      "daemon",
      ...["--data-root", join(dir, "data")],
      ...["--exec-root", join(dir, "exec")],
      ...["--pidfile", pidFile],
      ...(options.network === true ? [] : ["--bridge", "none"]),
      ...args,
    ],
    logPath,
    fds,
    ...(env === undefined ? {} : { env }),
    ready: options.ready ?? (() => answersPing(socket)),
  });
  return {
    process,
    pid: () => Number(readFileSync(pidFile, "utf8")),
    log: () => readFileSync(logPath, "utf8"),
  };
}

/** A CA, a server's and a client's certificate of it, and a stranger's, as PEM files in `dir`. */
export async function makeCertificates(dir: string): Promise<void> {
  const openssl = (...args: readonly string[]): Promise<string> => mustRun(["openssl", ...args], { cwd: dir });
  const ca = async (name: string): Promise<void> => {
    const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.pem`];
    await openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      ...files,
      "-subj",
      `/CN=${name}`,
      "-days",
      "2",
    );
  };
  const leaf = async (name: string, signer: string, usage: string): Promise<void> => {
    const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.csr`];
    await openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      ...files,
      "-subj",
      `/CN=${name}`,
    );
    await Bun.write(join(dir, "extensions"), `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${usage}\n`);
    const by = ["-CA", `${signer}.pem`, "-CAkey", `${signer}-key.pem`, "-CAcreateserial", "-days", "2"];
    await openssl("x509", "-req", "-in", `${name}.csr`, ...by, "-extfile", "extensions", "-out", `${name}-cert.pem`);
  };
  await ca("ca");
  await ca("other");
  await leaf("server", "ca", "serverAuth");
  await leaf("client", "ca", "clientAuth");
  await leaf("stranger", "other", "clientAuth");
}

import { BerthError } from "#base/errors.ts";
import { unixSender, udpSender, type DatagramSender } from "#host/sockets/datagrams.ts";
import { dial, type DialedStream, type TlsSettings } from "#host/sockets/dial.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readTextFile } from "#host/files/files.ts";
import type { SyslogOptions } from "../options/syslog-options.ts";
import type { LogMessage, Receiver } from "./receiver.ts";
import { counted, syslogMessage, type SyslogIdentity } from "./syslog-message.ts";

/** Where syslog daemons listen on the machine itself. */
const localPaths = ["/dev/log", "/var/run/syslog", "/var/run/log"];
const mostPemBytes = 1 << 20;

/** Empty lines are not sent, as with Docker. */
export async function openSyslog(options: SyslogOptions, identity: SyslogIdentity): Promise<Receiver> {
  const { address } = options;
  const format = (message: LogMessage): Buffer => syslogMessage(message, options, identity);
  switch (address.kind) {
    case "local":
      return openLocal(format);
    case "unixgram":
      return datagrams(unixgram(address.path), format);
    case "unix":
      return stream(await dial({ kind: "unix", path: address.path }), format);
    case "udp":
      return datagrams(await udpSender(address.host, address.port), format);
    case "tcp":
      return stream(await dial({ kind: "tcp", host: address.host, port: address.port }), format);
    case "tcp+tls": {
      const { host, port } = address;
      const connection = await dial({ kind: "tls", host, port, tls: tlsSettings(options.tls) });
      return stream(connection, options.format.startsWith("rfc5424") ? (message) => counted(format(message)) : format);
    }
  }
}

type Format = (message: LogMessage) => Buffer;

async function openLocal(format: Format): Promise<Receiver> {
  for (const path of localPaths) {
    try {
      return datagrams(unixSender(path), format);
    } catch (error) {
      if (!hasCode(error, "EPROTOTYPE")) continue;
      return stream(await dial({ kind: "unix", path }), format);
    }
  }
  throw new BerthError("unavailable", "Unix syslog delivery error");
}

function unixgram(path: string): DatagramSender {
  try {
    return unixSender(path);
  } catch (cause) {
    throw new BerthError("unavailable", `dial unixgram ${path}: connect: connection refused`, { cause });
  }
}

function datagrams(sender: DatagramSender, format: Format): Receiver {
  return {
    async send(messages) {
      for (const message of messages) if (message.text.byteLength > 0) await sender.send(format(message));
    },
    close: () => sender.close(),
  };
}

function stream(connection: DialedStream, format: Format): Receiver {
  return {
    async send(messages) {
      const lines = messages.filter(({ text }) => text.byteLength > 0).map(format);
      if (lines.length > 0) await connection.write(Buffer.concat(lines));
    },
    close: () => connection.close(),
  };
}

function tlsSettings({ caPath, certificatePath, keyPath, skipVerify }: SyslogOptions["tls"]): TlsSettings {
  return {
    skipVerify,
    ...(caPath === "" ? {} : { ca: pem("could not read CA certificate", caPath) }),
    ...(certificatePath === ""
      ? {}
      : { certificate: pem("Could not load X509 key pair: certificate", certificatePath) }),
    ...(keyPath === "" ? {} : { key: pem("Could not load X509 key pair: key", keyPath) }),
  };
}

function pem(what: string, path: string): string {
  try {
    return readTextFile(path, mostPemBytes);
  } catch (cause) {
    if (!hasCode(cause, "ENOENT")) throw cause;
    throw new BerthError(
      "invalid-parameter",
      `${what} ${JSON.stringify(path)}: open ${path}: no such file or directory`,
    );
  }
}

import { daemonOptions } from "./daemon-options.ts";
import { keyOf, sections, type Option } from "./option.ts";

const introduction = `# Configuration of the engine

<!-- Made by \`node tools/start.mjs tools/generate-configuration-document.ts\` from src/main/daemon/options. -->

\`berthd\` (or \`berth daemon\`) takes dockerd's flags and dockerd's \`daemon.json\`, by default \`/etc/berth/daemon.json\`. What
can be said in both places may be said in one of them only: a setting that is given twice is refused, as dockerd refuses it.
Names that are no setting, values of another type, and settings that ask for what this engine does not do stop it before it
starts, in dockerd's words where it has some. \`berthd --validate\` tries flags and file and starts nothing.

## Reading the file anew

On SIGHUP (\`systemctl reload berth\`) the file is read again. Settings marked with "yes" below take their new values at once,
and a \`daemon reload\` event tells them; others that differ are named in the log and wait for a restart. The files of
certificates and keys are read again too, for connections to come. A file that is wrong changes nothing. What the file no longer says is the flag's value or the default again (dockerd keeps some old values then).

## TCP and TLS

A \`tcp://\` socket makes everyone who reaches it root, so it needs certificates:

\`\`\`
berthd -H fd:// -H tcp://0.0.0.0:2376 --tlsverify --tlscacert ca.pem --tlscert cert.pem --tlskey key.pem
berth --tlsverify --tlscacert ca.pem --tlscert me.pem --tlskey me-key.pem -H tcp://HOST:2376 info
\`\`\`

\`--tls\` alone verifies clients too; \`--tls --tlsverify=false\` encrypts and admits everyone. Without TLS the engine refuses to
listen (dockerd warns and waits), unless \`--tls=false\`, \`--tlsverify=false\` or \`--insecure-tcp\` insists. TLS is 1.2 or newer.
Over ssh no port is needed: \`berth -H ssh://user@host info\`.

## Sockets

Several \`-H\` are several sockets, all or none. \`fd://\` is every socket that systemd hands over, \`fd://N\` and \`fd://NAME\` one of
them (see packaging/). A unix socket belongs to root and to \`--group\`, mode 0660; a stale one is replaced, one that somebody
serves is not.

## When the engine dies

Containers do not notice. Under systemd the unit starts it again and its sockets stay; elsewhere \`berthd --supervise\` does
both: clients that connect meanwhile wait, at once three times in a row, then with pauses of up to a second.

## Settings

"Differs" tells where a setting is not dockerd's.
`;

/** docs/configuration.md: every setting, from the table that the engine itself reads. */
export function configurationDocument(): string {
  const offered = daemonOptions.filter(({ refused, takes }) => refused === undefined || takes !== undefined);
  const tables = sections.map((section) => {
    const own = offered.filter((option) => option.section === section).toSorted(byName);
    return section === "Without effect here" ? idleTable(section, own) : settingsTable(section, own);
  });
  return [introduction, ...tables, refusedTable()].join("\n");
}

const byName = (a: Option, b: Option): number => (a.name < b.name ? -1 : 1);

function settingsTable(section: string, options: readonly Option[]): string {
  const rows = options.map((option) => [
    flagOf(option),
    keyText(option),
    option.fallback === undefined ? "" : `\`${option.fallback}\``,
    option.usage,
    option.reload === true ? "yes" : "",
    option.takes === undefined ? (option.differs ?? "") : `only \`${option.takes}\`: ${option.refused ?? ""}`,
  ]);
  return table(section, ["flag", "key", "default", "meaning", "SIGHUP", "differs"], rows);
}

function idleTable(section: string, options: readonly Option[]): string {
  const rows = options.map((option) => [flagOf(option), keyText(option), option.idle ?? ""]);
  return table(`${section}: taken, and told in the log`, ["flag", "key", "because"], rows);
}

function refusedTable(): string {
  const rows = daemonOptions
    .filter(({ refused, takes }) => refused !== undefined && takes === undefined)
    .toSorted(byName)
    .map((option) => [flagOf(option), keyText(option), option.refused ?? ""]);
  return table("Refused by name", ["flag", "key", "because"], rows);
}

function flagOf({ flag, short, name, kind }: Option): string {
  if (flag === false) return "";
  const type = kind.flag.typeName === "" ? "" : ` ${kind.flag.typeName}`;
  return `${short === undefined ? "" : `\`-${short}\`, `}\`--${name}${type}\``;
}

function keyText(option: Option): string {
  const key = keyOf(option);
  if (key === undefined) return "";
  const inside = option.within === undefined ? "" : `${option.within}.`;
  return `\`${inside}${key}\`: ${option.kind.json}`;
}

function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return `### ${title}\n\n${line(heads)}\n|${"---|".repeat(heads.length)}\n${rows.map(line).join("\n")}\n`;
}

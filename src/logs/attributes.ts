import { invalid, messageOf } from "#base/errors.ts";
import { compileTemplate } from "#base/template/execute.ts";
import { struct } from "#base/template/struct.ts";
import type { AttributeSelection } from "./options/log-plan.ts";

/** What a log knows of its container. */
export interface LogSubject {
  readonly containerId: string;
  /** Without the slash. */
  readonly containerName: string;
  /** `sha256:…` */
  readonly imageId: string;
  readonly imageName: string;
  readonly argv: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly createdNs: bigint;
  /** Of the machine. */
  readonly hostname: string;
}

/** The drivers' own default. */
export const defaultTag = "{{.ID}}";
const shortLength = 12;

/** The text of a tag. `invalid-parameter` in the words of Go's text/template. */
export function renderTag(template: string, subject: LogSubject): string {
  try {
    return compileTemplate(template, { name: "log-tag" })(templateData(subject));
  } catch (error) {
    throw invalid(messageOf(error));
  }
}

/** Whether a template can be a tag. */
export function checkTag(template: string): void {
  renderTag(template, {
    containerId: "0".repeat(64),
    containerName: "name",
    imageId: `sha256:${"0".repeat(64)}`,
    imageName: "image",
    argv: ["command"],
    labels: {},
    env: [],
    createdNs: 0n,
    hostname: "host",
  });
}

function templateData(subject: LogSubject): unknown {
  const { containerId, containerName, imageId, imageName, argv, hostname } = subject;
  return struct(
    {
      ID: containerId.slice(0, shortLength),
      FullID: containerId,
      Name: containerName,
      ImageID: imageId.slice(0, shortLength),
      ImageFullID: imageId,
      ImageName: imageName,
      Command: argv.join(" "),
      Hostname: hostname,
      // docker-compat: people match on it.
      DaemonName: "docker",
      ContainerID: containerId,
      ContainerName: `/${containerName}`,
      ContainerEntrypoint: argv[0] ?? "",
      ContainerArgs: argv.slice(1),
      ContainerImageID: imageId,
      ContainerImageName: imageName,
      ContainerLabels: subject.labels,
      ContainerEnv: subject.env,
    },
    { typeName: "*logger.Info", fields: [], aliases: {} },
  );
}

/** What the options labels, labels-regex, env and env-regex choose, sorted by name; with `tag` when the option is given. */
export function selectAttributes(selection: AttributeSelection, subject: LogSubject): ReadonlyMap<string, string> {
  const chosen = new Map<string, string>();
  for (const [name, value] of Object.entries(subject.labels)) {
    if (selection.labels.includes(name) || selection.labelsRegex?.test(name) === true) chosen.set(name, value);
  }
  for (const entry of subject.env) {
    const at = entry.indexOf("=");
    const name = at < 0 ? entry : entry.slice(0, at);
    if (at < 0 || !(selection.env.includes(name) || selection.envRegex?.test(name) === true)) continue;
    chosen.set(name, entry.slice(at + 1));
  }
  return new Map([...chosen].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** {@link selectAttributes} with the rendered tag among them, when the option is given. */
export function selectWithTag(selection: AttributeSelection, subject: LogSubject): ReadonlyMap<string, string> {
  const chosen = selectAttributes(selection, subject);
  if (selection.tag === undefined) return chosen;
  const all = [...chosen, ["tag", renderTag(selection.tag, subject)] as const];
  return new Map(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `"attrs":{…},` of a json-file line; "" for none. Escapes as in Go's encoding/json. */
export function attributesJson(attributes: ReadonlyMap<string, string>): string {
  if (attributes.size === 0) return "";
  return `"attrs":${goJson(Object.fromEntries(attributes))},`;
}

export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `key=value,… ` as `logs --details` prints it, both sides escaped for a query. */
export function detailsText(attributes: ReadonlyMap<string, string>): string {
  return `${[...attributes].map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`).join(",")} `;
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

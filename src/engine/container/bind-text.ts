import { BerthError } from "#base/errors.ts";

export interface BindText {
  /** Host path, volume name, or "" for an anonymous volume. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly copyUp: boolean;
  /** The options as written. */
  readonly mode: string;
}

const propagations = new Set(["shared", "rshared", "slave", "rslave", "private", "rprivate"]);
const invalid = (text: string, why = ""): BerthError =>
  new BerthError("invalid-parameter", `invalid volume specification: '${text}'${why === "" ? "" : `: ${why}`}`);

/** Read `source:target[:options]` or `target` (`docker run -v`). `invalid-parameter` in Docker's words. */
export function parseBindText(text: string): BindText {
  const parts = text.split(":");
  if (parts.length > 3 || parts[0] === "") throw invalid(text);
  const [source, target, mode = ""] = parts.length === 1 ? ["", parts[0]] : parts;
  if (source === undefined || target === undefined || target === "") throw invalid(text);
  if (!target.startsWith("/"))
    throw invalid(
      text,
      `invalid mount config for type "bind": invalid mount path: '${target}' mount path must be absolute`,
    );
  if (cleanPath(target) === "/")
    throw invalid(text, "invalid mount config: invalid specification: destination can't be '/'");
  if (source !== "" && !source.startsWith("/") && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(source)) {
    throw new BerthError(
      "invalid-parameter",
      `create ${source}: "${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  return { source, target: cleanPath(target), mode, ...parseMode(text, mode) };
}

function parseMode(text: string, mode: string): Pick<BindText, "readOnly" | "propagation" | "copyUp"> {
  let access: string | undefined;
  let propagation = "";
  let copyUp = true;
  for (const word of mode === "" ? [] : mode.split(",")) {
    if (word === "ro" || word === "rw") {
      if (access !== undefined) throw invalid(text, `invalid mode: ${mode}`);
      access = word;
    } else if (propagations.has(word)) {
      if (propagation !== "") throw invalid(text, `invalid mode: ${mode}`);
      propagation = word;
    } else if (word === "nocopy") {
      copyUp = false;
    } else if (word === "z" || word === "Z") {
      // docker-compat: SELinux relabelling does nothing where SELinux is off, which is what dockerd does too.
    } else if (word !== "consistent" && word !== "cached" && word !== "delegated") {
      throw invalid(text, `invalid mode: ${mode}`);
    }
  }
  return { readOnly: access === "ro", propagation, copyUp };
}

/** Go's path.Clean for absolute paths: no empty, `.` or `..` parts, no slash at the end. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

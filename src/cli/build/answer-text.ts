import type { BuildAnswer, BuildOutline } from "#spec/berth/build.ts";

/** What `--call` prints, as docker's buildx does. */
export function answerText(answer: BuildAnswer): string {
  switch (answer.call) {
    case "check":
      return checkText(answer.warnings);
    case "targets":
      return table(
        ["TARGET", "DESCRIPTION"],
        answer.targets.map(({ name, isDefault, description }) => [
          [name, isDefault ? "(default)" : ""].filter((part) => part !== "").join(" "),
          description,
        ]),
        1,
      );
    case "outline":
      return outlineText(answer.outline);
  }
}

function checkText(warnings: Extract<BuildAnswer, { call: "check" }>["warnings"]): string {
  if (warnings.length === 0) return "Check complete, no warnings found.\n";
  const count = `Check complete, ${warnings.length} warning${warnings.length === 1 ? " has" : "s have"} been found!\n`;
  const each = warnings.map(
    ({ rule, url, detail, excerpt }) => `\nWARNING: ${rule}${url === "" ? "" : ` - ${url}`}\n${detail}\n${excerpt}`,
  );
  return count + each.join("");
}

function outlineText({ target, description, args, secrets, agents }: BuildOutline): string {
  const about = [
    ...(target === "" && description === "" ? [] : [["TARGET:", target === "" ? "(default)" : target]]),
    ...(description === "" ? [] : [["DESCRIPTION:", description]]),
  ];
  const needs = (name: string, all: BuildOutline["secrets"]): readonly string[] =>
    all.length === 0
      ? []
      : [
          table(
            [name, "REQUIRED"],
            all.map(({ id, required }) => [id, required ? "true" : ""]),
            3,
          ),
        ];
  return [
    ...(about.length === 0 ? [] : [rows(about, 1)]),
    ...(args.length === 0
      ? []
      : [
          table(
            ["BUILD ARG", "VALUE", "DESCRIPTION"],
            args.map(({ name, value, description }) => [name, value, description]),
            3,
          ),
        ]),
    ...needs("SECRET", secrets),
    ...needs("SSH", agents),
  ]
    .map((part) => `${part}\n`)
    .join("");
}

function table(head: readonly string[], lines: readonly (readonly string[])[], gap: number): string {
  return rows([head, ...lines], gap);
}

/** Columns as wide as their longest cell, `gap` blanks between. */
function rows(lines: readonly (readonly string[])[], gap: number): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const padded = lines.map((line) =>
    line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + gap))).join(""),
  );
  return `${padded.join("\n")}\n`;
}

import { maxFields } from "./ops.ts";
import {
  allShapes,
  fieldTypeCode,
  launchMagic,
  launchMode,
  launchVersion,
  launchWord,
  limits,
  logFlag,
  stdinMode,
} from "./wire.ts";

/** Text of native/shim/ops.h: numbers, field positions and signatures of every record, for the shim's decoder. */
export function generateOpsHeader(): string {
  const shapes = allShapes();
  const lines = [
    "/* Generated from src/runtime/plan/{ops,wire}.ts by tools/build-shim.ts; do not edit. */",
    "#ifndef BERTH_OPS_H",
    "#define BERTH_OPS_H",
    "",
    `#define LAUNCH_MAGIC 0x${launchMagic.toString(16)}u`,
    `#define LAUNCH_VERSION ${launchVersion}u`,
    `#define LIMIT_MESSAGE ${limits.messageBytes}u`,
    `#define LIMIT_RECORDS ${limits.records}u`,
    `#define LIMIT_ELEMENTS ${limits.elements}u`,
    `#define MAX_FIELDS ${maxFields}`,
    "",
    ...constants("STDIN", stdinMode),
    ...constants("MODE", launchMode),
    ...constants("LOG", logFlag),
    ...constants("WORD", launchWord),
    "",
    "/* Field types: 1 u32, 2 u64, 3 string, 4 strings, 5 u32s, 6 bytes. */",
    "/* X(name, code, signature) */",
    "#define RECORDS(X) \\",
    ...shapes.map(([name, shape]) => `\tX(${name}, ${shape.code}, "${signature(Object.values(shape.fields))}") \\`),
    "",
    "enum op {",
    ...shapes.map(([name, shape]) => `\tOP_${name.toUpperCase()} = ${shape.code},`),
    "};",
    "",
    "/* Positions of fields. */",
    "enum {",
    ...shapes.flatMap(([name, shape]) =>
      Object.keys(shape.fields).map((field, index) => `\t${name.toUpperCase()}_${constantCase(field)} = ${index},`),
    ),
    "};",
    "",
    "#endif",
    "",
  ];
  return lines.join("\n");
}

function signature(types: readonly (keyof typeof fieldTypeCode)[]): string {
  return types.map((type) => String(fieldTypeCode[type])).join("");
}

function constants(prefix: string, values: Readonly<Record<string, number>>): string[] {
  return Object.entries(values).map(([name, value]) => `#define ${prefix}_${name.toUpperCase()} ${value}`);
}

function constantCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

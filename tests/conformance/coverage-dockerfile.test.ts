/**
 * Every clause of the Dockerfile language, and what has to hold of builds, is seen somewhere: in the corpus, which docker
 * 26.1's BuildKit builds to the same image, in a golden file, or in a test by name.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isBerthError } from "#base/errors.ts";
import { parseMount } from "#build/dockerfile/instructions/parse-mount.ts";
import { RULES } from "#build/dockerfile/lint/rules.ts";
import { parseDockerfile } from "#build/dockerfile/parse-dockerfile.ts";
import { predefinedArgs } from "#build/graph/global-args.ts";
import { demands, flags, language, mounts, predefined, type Clause } from "./dockerfile-clauses.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "tests/build/corpus");
const corpus = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
const textOf = (file: string): string => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "");
const names = (clauses: readonly Clause[]): readonly string[] => clauses.map(({ name }) => name).toSorted();

/** Each instruction with what it needs to be understood. */
const instructions: Readonly<Record<string, string>> = {
  ...{ ADD: "a /b", ARG: "a", CMD: "a", COPY: "a /b", ENTRYPOINT: "a", ENV: "a=b", EXPOSE: "80", FROM: "a" },
  ...{ HEALTHCHECK: "CMD a", LABEL: "a=b", MAINTAINER: "a", ONBUILD: "RUN a", RUN: "a", SHELL: '["a"]' },
  ...{ STOPSIGNAL: "9", USER: "a", VOLUME: "/a", WORKDIR: "/a" },
};

/** What the parser says that an instruction takes. */
function flagsOf(instruction: string): readonly string[] {
  const before = instruction === "FROM" ? "" : "FROM a\n";
  const text = `${before}${instruction} --no-such-flag ${instructions[instruction]}\n`;
  try {
    parseDockerfile({ name: "Dockerfile", text });
    // The whole line is one name.
    return [];
  } catch (error) {
    if (!isBerthError(error)) throw error;
    return [...(error.hint ?? "").matchAll(/--([a-z-]+)/g)].map(([, name]) => `${instruction} --${name}`);
  }
}

describe.each([
  ["flags of instructions", flags],
  ["options of mounts", mounts],
  ["arguments that are known", predefined],
  ["the language", language],
  ["what has to hold", demands],
] as const)("%s", (_, clauses) => {
  test.each(clauses.map((clause) => [clause.name, clause] as const))("%s", (__, { written, seen }) => {
    if (seen === undefined) {
      expect(corpus.some((text) => written.test(text))).toBe(true);
      return;
    }
    const text = textOf(seen.file);
    expect(seen.test === undefined || text.includes(JSON.stringify(seen.test))).toBe(true);
    expect(text).toMatch(written);
  });
});

test("the tables have every flag and every predefined argument", () => {
  expect(names(flags)).toEqual(Object.keys(instructions).flatMap(flagsOf).toSorted());
  const platform = { os: "linux", architecture: "amd64" };
  const known = predefinedArgs({ buildPlatform: platform, targetPlatform: platform, targetStage: "" }, new Map());
  expect(names(predefined)).toEqual([...known.keys()].toSorted());
});

test("options of mounts are those that the parser takes", () => {
  const values: Readonly<Record<string, string>> = { mode: "0700", uid: "1", gid: "1", size: "1k" };
  const switches = new Set(["rw", "readwrite", "ro", "readonly", "required"]);
  for (const { name } of mounts) {
    const [type = "", option = ""] = name.split(" ");
    const word = option.includes("=") || switches.has(option) ? option : `${option}=${values[option] ?? "/a"}`;
    const target = /^(target|dst|destination)=/.test(word) ? "" : ",target=/t";
    expect(() => parseMount(`type=${type},${word}${target}`, (text) => text)).not.toThrow();
  }
});

test("every instruction is in the corpus", () => {
  const missing = Object.keys(instructions).filter(
    (name) => !corpus.some((text) => new RegExp(`^${name} `, "m").test(text)),
  );
  expect(missing).toEqual([]);
});

test("every build check finds something in the golden files", () => {
  const found = ["checks", "graphs", "corpus"].map((name) => textOf(`tests/golden/dockerfile/${name}.txt`)).join("");
  expect(Object.values(RULES).length).toBeGreaterThan(20);
  expect(Object.values(RULES).flatMap(({ name }) => (found.includes(name) ? [] : [name]))).toEqual([]);
});

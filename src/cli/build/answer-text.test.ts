import { expect, test } from "bun:test";
import { answerText } from "./answer-text.ts";

test("findings are shown with their place", () => {
  expect(answerText({ call: "check", warnings: [] })).toBe("Check complete, no warnings found.\n");
  const warning = { rule: "R", description: "", url: "https://x", detail: "what it is", line: 2 };
  const shown = answerText({ call: "check", warnings: [{ ...warning, excerpt: "Dockerfile:2\n" }] });
  expect(shown).toBe("Check complete, 1 warning has been found!\n\nWARNING: R - https://x\nwhat it is\nDockerfile:2\n");
});

test("targets and outlines are tables", () => {
  const target = { description: "", isDefault: false, base: "b", platform: "", line: 1 };
  expect(
    answerText({
      call: "targets",
      targets: [
        { ...target, name: "build", description: "compiles" },
        { ...target, name: "", isDefault: true },
      ],
    }),
  ).toBe("TARGET    DESCRIPTION\nbuild     compiles\n(default) \n");
  const outline = {
    target: "x",
    description: "",
    args: [{ name: "A", value: "1", description: "one", line: 1 }],
    secrets: [{ id: "s", required: true, line: 2 }],
    agents: [],
  };
  expect(answerText({ call: "outline", outline })).toBe(
    "TARGET: x\n\nBUILD ARG   VALUE   DESCRIPTION\nA           1       one\n\nSECRET   REQUIRED\ns        true\n\n",
  );
});

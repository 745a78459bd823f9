import { describe, expect, test } from "bun:test";
import { containerLabels, sameLabelOptions, sharedLabel, type ContainerContexts } from "./container-labels.ts";
import { parseContext, printContext } from "./context.ts";
import { parseContainerContexts, policyType } from "./policy-files.ts";
import { relabelRefusal } from "./relabel-refusal.ts";

const contexts: ContainerContexts = {
  process: "system_u:system_r:container_t:s0",
  file: "system_u:object_r:container_file_t:s0",
  readOnlyFile: "system_u:object_r:container_ro_file_t:s0",
};

/** With these numbers as the random ones. */
const labels = (options: readonly string[], taken: readonly string[] = [], numbers: readonly number[] = [7, 3]) => {
  const left = [...numbers];
  return containerLabels(contexts, options, new Set(taken), () => left.shift() ?? 0);
};

describe("labels of a container", () => {
  test("a pair of categories, the lower first, for process and files", () => {
    expect(labels([])).toEqual({
      process: "system_u:system_r:container_t:s0:c3,c7",
      mount: "system_u:object_r:container_file_t:s0:c3,c7",
    });
  });

  test("never a pair twice, nor one category, nor the pair of those without a label", () => {
    const numbers = [7, 3, 5, 5, 1022, 1023, 4, 9];
    expect(labels([], ["s0:c3,c7"], numbers).process).toBe("system_u:system_r:container_t:s0:c4,c9");
  });

  test("as asked for: user and level for files too, type for files by a word of its own", () => {
    const options = ["user:u", "role:r", "type:t", "level:s0:c1,c2", "filetype:f_t"];
    expect(labels(options, ["s0:c1,c2"])).toEqual({ process: "u:r:t:s0:c1,c2", mount: "u:object_r:f_t:s0:c1,c2" });
    expect(labels(["type:a", "type:b"]).process).toBe("system_u:system_r:b:s0:c3,c7");
  });

  test("disabled, wherever it stands: no process label, files that no confined container can reach", () => {
    const expected = { process: "", mount: "system_u:object_r:container_file_t:s0:c1022,c1023" };
    expect(labels(["disable"])).toEqual(expected);
    expect(labels(["type:a", "disable"])).toEqual(expected);
  });

  test("refused in Docker's words", () => {
    expect(() => labels(["x"])).toThrow(
      `Bad label option "x", valid options 'disable' or \n'user, role, level, type, filetype' followed by ':' and a value`,
    );
    expect(() => labels(["range:s0"])).toThrow(
      `Bad label option "range", valid options 'disable, user, role, level, type, filetype'`,
    );
  });

  test("a policy without levels gives none", () => {
    const flat = { process: "u:r:t", file: "u:o:f", readOnlyFile: "u:o:r" };
    expect(containerLabels(flat, [], new Set(), () => 0)).toEqual({ process: "u:r:t", mount: "u:o:f" });
  });

  test("shared files, and another container with the same label", () => {
    expect(sharedLabel("system_u:object_r:container_file_t:s0:c3,c7")).toBe("system_u:object_r:container_file_t:s0");
    expect(sameLabelOptions("u:r:t:s0:c1,c2")).toEqual(["user:u", "role:r", "type:t", "level:s0:c1,c2"]);
    expect(sameLabelOptions("")).toEqual([]);
    const { process } = labels([]);
    expect(labels(sameLabelOptions(process), [process]).process).toBe(process);
  });
});

test("contexts are read and printed the same; without a type they are none", () => {
  for (const text of ["u:r:t", "u:r:t:s0", "u:r:t:s0-s0:c0.c1023"]) expect(printContext(parseContext(text))).toBe(text);
  expect(() => parseContext("u:r")).toThrow('invalid SELinux label: "u:r"');
});

test("the policy's files", () => {
  expect(policyType("# a comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n")).toBe("targeted");
  expect(policyType("")).toBe("");
  const lines = ['process = "u:r:p:s0"', 'content = "x"', "; file = no", 'file = "u:o:f:s0"'];
  const found = { process: "u:r:p:s0", file: "u:o:f:s0", readOnlyFile: "u:o:f:s0" };
  expect(parseContainerContexts(lines.join("\n"))).toEqual(found);
  expect(parseContainerContexts([...lines, 'ro_file="u:o:ro:s0"'].join("\n"))).toEqual({
    ...found,
    readOnlyFile: "u:o:ro:s0",
  });
  expect(parseContainerContexts("file = x")).toBeUndefined();
});

test("what is the whole machine's, and people's homes, are not relabelled", () => {
  for (const path of ["/", "/usr", "/etc/", "/home", "/var/lib", "/home/ann"])
    expect(relabelRefusal(path, ["/home/ann"])).toBe(
      `SELinux relabeling of ${path === "/" ? path : path.replace(/\/$/u, "")} is not allowed`,
    );
  for (const path of ["/home/bob", "/srv/data", "/etc/nginx", "/usr/share"])
    expect(relabelRefusal(path, ["/home/ann"])).toBeUndefined();
});

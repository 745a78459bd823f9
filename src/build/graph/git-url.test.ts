import { expect, test } from "bun:test";
import { parseGitUrl } from "./git-url.ts";

const brief = (text: string): string | undefined => {
  const url = parseGitUrl(text);
  if (url === undefined) return undefined;
  const { remote, ref, subdirectory, checksum = "-", keepGitDirectory = "-", submodules = "-" } = url;
  return [remote, ref, subdirectory, checksum, keepGitDirectory, submodules].join(" ");
};

test("addresses of repositories", () => {
  expect(brief("https://host/a.git")).toBe("https://host/a.git   - - -");
  expect(brief("https://host/a.git#v1:docs/x")).toBe("https://host/a.git v1 docs/x - - -");
  expect(brief("https://host/a.git?tag=v1&subdir=d&checksum=abc1234&keep-git-dir&submodules=false")).toBe(
    "https://host/a.git refs/tags/v1 d abc1234 true false",
  );
  expect(brief("https://host/a.git?commit=abc1234&keep-git-dir=true&submodules=true")).toBe(
    "https://host/a.git   abc1234 true true",
  );
  expect(brief("https://host/a.git?branch=b")).toBe("https://host/a.git refs/heads/b  - - -");
  expect(brief("git@host:a/b.git#main")).toBe("git@host:a/b.git main  - - -");
  expect(brief("ssh://git@host/a#:sub")).toBe("ssh://git@host/a  sub - - -");
  expect(brief("git://host/a")).toBe("git://host/a   - - -");
});

test("what is none", () => {
  for (const text of ["a", "./a.git", "/a.git", "https://host/a.tar", "http://x.git", "a@b", "github.com/a/b", "."])
    expect(parseGitUrl(text)).toBeUndefined();
});

test("queries that contradict", () => {
  expect(() => parseGitUrl("https://h/a.git?ref=x#y")).toThrow('ref conflicts: "y" vs "x"');
  expect(() => parseGitUrl("https://h/a.git?tag=x&branch=y")).toThrow("branch conflicts with tag");
  expect(() => parseGitUrl("https://h/a.git?foo=x")).toThrow('unexpected query "foo"');
  expect(() => parseGitUrl("https://h/a.git?ref=")).toThrow('query "ref" has no value');
  expect(() => parseGitUrl("https://h/a.git?ref=a&ref=b")).toThrow('query "ref" has multiple values');
});

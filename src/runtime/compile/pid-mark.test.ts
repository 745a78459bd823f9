import { expect, test } from "bun:test";
import { pidMark, textWithPid } from "./pid-mark.ts";

test("a pid becomes a bare mark, other text with that character stays escaped", () => {
  expect(new TextDecoder().decode(textWithPid({ pid: pidMark, text: "\u0001" }))).toBe(
    '{"pid":\u0001,"text":"\\u0001"}',
  );
});

import { expect, test } from "bun:test";
import { checkPsArgs, parsePsOutput } from "./ps-output.ts";

test("rows of the wanted processes, the last column with all its words, threads with their process", () => {
  const text = `  PID LWP TTY CMD
    1   1 ?   init
   20   -  ?  sleep   7 7
    -  20 ?   -
   30  30 ?   other
    -  31 ?   -
`;
  expect(parsePsOutput(text, new Set([20]))).toEqual({
    Titles: ["PID", "LWP", "TTY", "CMD"],
    Processes: [
      ["20", "-", "?", "sleep 7 7"],
      ["-", "20", "?", "-"],
    ],
  });
});

test("a table without pids is refused", () => {
  expect(() => parsePsOutput("COMMAND\nsleep\n", new Set([1]))).toThrow("Couldn't find PID field in ps output");
  expect(() => parsePsOutput("COMMAND PID\ntail -f 5\n", new Set([1]))).toThrow(
    "Unexpected pid '-f': strconv.Atoi: parsing \"-f\": invalid syntax",
  );
  expect(() => checkPsArgs("-o foo=PID")).toThrow('specifying "foo=PID" is not allowed');
  expect(() => checkPsArgs("-o pid=PID,comm=X")).not.toThrow();
});

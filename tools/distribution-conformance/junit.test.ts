import { expect, test } from "bun:test";
import { countCases } from "./junit.ts";

test("cases of a report are counted by what stands in them", () => {
  const report = `<testsuites tests="5"><testsuite name="a">
    <testcase name="one" time="0.1"></testcase><testcase name="two" time="0"/>
    <testcase name="a &lt;b&gt; &#39;c&#39;" classname="x" time="0"><failure message="no">why</failure></testcase>
    <testcase name="four"><skipped message="as told"></skipped></testcase>
    <testcase name="five"><error>panic</error></testcase></testsuite></testsuites>`;
  expect(countCases(report)).toEqual({ passed: 2, failed: ["a <b> 'c'", "five"], skipped: ["four"] });
  expect(countCases("<testsuites/>")).toEqual({ passed: 0, failed: [], skipped: [] });
});

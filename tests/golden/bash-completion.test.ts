import { expect, test } from "bun:test";
import { completionScript } from "#cli/completion/scripts.ts";

/** bash's own rules of words around our script; the program is a shell function that answers what the case says. */
function replies(answer: string, line: string, words: readonly string[]): readonly string[] {
  const quoted = (word: string): string => `'${word}'`;
  const script = `${completionScript("bash", "berth")}
berth() { printf '%s\\n' ${answer.split(" ").map(quoted).join(" ")}; }
compopt() { echo "option $*"; }
COMP_LINE=${quoted(line)} COMP_POINT=${String(line.length)}
COMP_WORDS=(${words.map(quoted).join(" ")}) COMP_CWORD=${String(words.length - 1)}
_berth_complete
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = Bun.spawnSync(["bash", "--norc", "--noprofile", "-c", script]);
  expect(ran.stderr.toString()).toBe("");
  return ran.stdout.toString().split("\n").slice(0, -1);
}

test.each([
  ["first second :4", "berth rm f", ["berth", "rm", "f"], ["first"]],
  ["first second :4", "berth rm ", ["berth", "rm", ""], ["first", "second"]],
  ["app:v1 app:v2 :4", "berth run app:", ["berth", "run", "app", ":"], ["v1", "v2"]],
  ["app:v1 app:v2 :4", "berth run app:v2", ["berth", "run", "app", ":", "v2"], ["v2"]],
  ["--pull=never :4", "berth run --pull=n", ["berth", "run", "--pull", "=", "n"], ["never"]],
  ["status= :6", "berth ps -f st", ["berth", "ps", "-f", "st"], ["option -o nospace", "status="]],
])("%s for %s", (answer, line, words, wanted) => {
  expect(replies(answer, line, words)).toEqual(wanted);
});

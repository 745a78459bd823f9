import { expect, test } from "bun:test";
import { fitTable } from "./fit-table.ts";

const table = 'ID\tCOMMAND\tPORTS\tNAMES\n123456789012\t"a long command line"\t0.0.0.0:80->80/tcp\ta-long-name\n';

test("what fits stays", () => {
  expect(fitTable(table, 80, ["COMMAND", "PORTS"])).toBe(table);
});

test("columns give way in order, to eight letters or their title, and others never", () => {
  expect(fitTable(table, 58, ["COMMAND", "PORTS"])).toBe(
    'ID\tCOMMAND\tPORTS\tNAMES\n123456789012\t"a long…\t0.0.0.0:80->80/tcp\ta-long-name\n',
  );
  expect(fitTable(table, 40, ["COMMAND", "PORTS"])).toBe(
    'ID\tCOMMAND\tPORTS\tNAMES\n123456789012\t"a long…\t0.0.0.0…\ta-long-name\n',
  );
  expect(fitTable(table, 55, ["PORTS", "COMMAND"])).toContain("\t0.0.0.0…\ta-long-name\n");
});

test("what is still too wide loses columns, no more than it takes", () => {
  const shown = (width: number): string =>
    fitTable(table, width, ["COMMAND"], ["COMMAND", "PORTS"]).split("\n")[0] ?? "";
  expect(shown(80)).toBe("ID\tCOMMAND\tPORTS\tNAMES");
  expect(shown(50)).toBe("ID\tPORTS\tNAMES");
  expect(shown(30)).toBe("ID\tNAMES");
  expect(shown(5)).toBe("ID\tNAMES");
});

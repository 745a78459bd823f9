import type { SearchResult } from "#spec/docker/image.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { ellipsis } from "../format/shorten.ts";
import { registryAuth } from "./registry-auth.ts";

const COLUMNS = ["Name", "Description", "StarCount", "IsOfficial"];
const HEADERS = { StarCount: "STARS", IsOfficial: "OFFICIAL" } as const;
const DESCRIPTION_LETTERS = 45;

/** `search`: what an index knows of a term, in its order. */
export const search: Handler = async ({ flags, args, io, config, client }) => {
  const [term = ""] = args;
  const asked = flags.text("format");
  const format = asked === "" || asked === "table" ? tableOf(COLUMNS) : asked;
  const print = rowFormatter(format, { typeName: "*registry.searchContext", headers: HEADERS, columns: COLUMNS });
  const api = await client();
  const results = await api.images.search(term, {
    limit: flags.number("limit"),
    filters: flags.filters(),
    registryAuth: await registryAuth(config, io, indexOf(term)),
  });
  const rows = results.map((result) => searchRow(result, { whole: flags.on("no-trunc"), asJson: format === "json" }));
  io.stdout.write(print(rows));
  return 0;
};

/** The registry that a term names first, or the Hub. */
function indexOf(term: string): string {
  const first = term.includes("/") ? (term.split("/", 1)[0] ?? "") : "";
  return /[.:]/.test(first) || first === "localhost" ? first : "docker.io";
}

function searchRow(
  result: SearchResult,
  { whole, asJson }: { readonly whole: boolean; readonly asJson: boolean },
): Row {
  const description = result.description.replaceAll(/[\r\n]/g, " ");
  return {
    Description: whole ? description : ellipsis(description, DESCRIPTION_LETTERS),
    IsOfficial: asJson ? String(result.is_official) : result.is_official ? "[OK]" : "",
    Name: result.name,
    StarCount: String(result.star_count),
  };
}

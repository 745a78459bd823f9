import { shortId } from "#base/ids.ts";
import { decimalSize, humanDuration } from "#base/units.ts";
import type { ImageHistoryItem } from "#spec/docker/image.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { localSeconds } from "../format/local-time.ts";
import { platformJson } from "./platform-json.ts";
import { ellipsis } from "../format/shorten.ts";

const HEADERS = { ID: "IMAGE", CreatedSince: "CREATED", CreatedAt: "CREATED AT", CreatedBy: "CREATED BY" } as const;
const CREATED_BY_LETTERS = 45;

/** `history`: an image's layers and what made them, newest first. */
export const history: Handler = async ({ flags, args, io, client }) => {
  const asked = flags.text("format");
  const human = flags.on("human");
  const columns = ["ID", human ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"];
  const format = asked === "" || asked === "table" ? (flags.on("quiet") ? "{{.ID}}" : tableOf(columns)) : asked;
  const print = rowFormatter(format, { typeName: "*image.historyContext", headers: HEADERS, columns });
  const platform = platformJson(flags.text("platform"));
  const items = await (await client()).images.history(args[0] ?? "", platform === "" ? {} : { platform });
  const options = { human, truncate: !flags.on("no-trunc"), now: io.now() };
  io.stdout.write(print(items.map((item) => historyRow(item, options))));
  return 0;
};

function historyRow(
  item: ImageHistoryItem,
  options: { readonly human: boolean; readonly truncate: boolean; readonly now: number },
): Row {
  const createdBy = item.CreatedBy.replaceAll("\t", " ");
  return {
    Comment: item.Comment,
    CreatedAt: item.Created <= 0 ? "N/A" : localSeconds(item.Created),
    CreatedBy: options.truncate ? ellipsis(createdBy, CREATED_BY_LETTERS) : createdBy,
    CreatedSince: item.Created <= 0 ? "N/A" : `${humanDuration(options.now - item.Created * 1000)} ago`,
    ID: options.truncate ? shortId(item.Id) : item.Id,
    Size: options.human ? decimalSize(item.Size, 3) : String(item.Size),
  };
}

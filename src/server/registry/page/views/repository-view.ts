import type { RepositoryRow } from "#registry/database/repository-rows.ts";
import type { TagRow } from "#registry/database/tag-rows.ts";
import type { DescribedImage } from "#registry/images/describe-image.ts";
import { html, type Html } from "../html.ts";
import { renderMarkdown } from "../markdown.ts";
import { command, inPath, moment, shortDigest, sizeText } from "../words.ts";
import { platformName } from "./tag-view.ts";

export interface TagLine {
  readonly tag: TagRow;
  readonly image: DescribedImage;
}

/** One repository: how to pull it, its tags, its README. `host`: the registry as clients name it. */
export function repositoryView(
  repository: RepositoryRow,
  tags: readonly TagLine[],
  options: { readonly host: string; readonly more: number; readonly readme: string },
): Html {
  const { name, description, pulls } = repository;
  const shown = tags.find(({ tag }) => tag.name === "latest") ?? tags[0];
  return html`<h1>${name}</h1>
    ${description !== "" && html`<p>${description}</p>`}
    <p class="soft">${pulls === 1 ? "1 pull" : `${pulls} pulls`}</p>
    ${shown !== undefined && command(`docker pull ${options.host}/${name}:${shown.tag.name}`)}
    <h2 id="tags">Tags</h2>
    ${tags.length === 0 ? html`<p>This repository has no tags.</p>` : tagTable(name, tags)}
    ${options.more > 0 && html`<p class="soft">and ${options.more} older ones</p>`}
    ${
      options.readme !== "" &&
      html`<h2>README</h2>
        <article class="panel">${renderMarkdown(options.readme)}</article>`
    }`;
}

function tagTable(name: string, tags: readonly TagLine[]): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-labelledby="tags">
    <table aria-labelledby="tags">
      <thead>
        <tr>
          <th scope="col">Tag</th>
          <th scope="col">Digest</th>
          <th scope="col">Platforms</th>
          <th scope="col" class="number">Size</th>
          <th scope="col">Pushed</th>
        </tr>
      </thead>
      <tbody>
        ${tags.map(
          ({ tag, image }) =>
            html`<tr>
              <th scope="row"><a href="/ui/r/${inPath(name)}/tags/${tag.name}">${tag.name}</a></th>
              <td>${shortDigest(tag.digest)}</td>
              <td>${[...new Set(image.platforms.map(platformName))].join(", ")}</td>
              <td class="number">${sizeText(image.platforms[0]?.sizeBytes ?? 0)}</td>
              <td>${moment(tag.updatedAtMs)}${tag.updatedBy !== "" && ` by ${tag.updatedBy}`}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

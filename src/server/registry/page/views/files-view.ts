import type { ListedFile } from "#registry/images/file-tree.ts";
import type { ImageFiles } from "#registry/images/list-image-files.ts";
import { html, type Html } from "../html.ts";
import { inPath, sizeText } from "../words.ts";

const MOST_ENTRIES = 5000;

/** One folder of an image, by the names that lead to it. */
export function filesView(
  repository: string,
  digest: string,
  folder: readonly string[],
  { files, isComplete }: ImageFiles,
): Html {
  const listed = files.list(folder);
  const entries = listed?.slice(0, MOST_ENTRIES) ?? [];
  const to = (path: readonly string[]): string =>
    `/ui/r/${inPath(repository)}/files/${digest}?${new URLSearchParams({ path: `/${path.join("/")}` }).toString()}`;
  return html`<p><a href="/ui/r/${inPath(repository)}">${repository}</a></p>
    <h1 id="files">Files in <code>${digest.slice(0, 19)}</code></h1>
    ${!isComplete && html`<p class="message">The image is too large to be listed whole.</p>`}
    <nav aria-label="Folder" class="mono">
      <a href="${to([])}" aria-label="Root folder">/</a>${folder.map(
        (part, at) => html`<a href="${to(folder.slice(0, at + 1))}">${part}</a>/`,
      )}
    </nav>
    <div class="scroll" role="region" tabindex="0" aria-labelledby="files">
      <table aria-labelledby="files">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Mode</th>
            <th scope="col" class="number">Size</th>
            <th scope="col" class="number">Layer</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map(([name, file]) => line(name, file, to([...folder, name])))}
        </tbody>
      </table>
    </div>
    ${listed === undefined && html`<p>The image has no such folder.</p>`}
    ${listed?.length === 0 && html`<p>The folder is empty.</p>`}
    ${(listed?.length ?? 0) > entries.length && html`<p class="soft">and more, which are not shown</p>`}`;
}

function line(name: string, { type, mode, sizeBytes, linkTarget, layer }: ListedFile, address: string): Html {
  return html`<tr>
    <td class="mono">
      ${type === "directory" ? html`<a href="${address}">${name}/</a>` : name}${linkTarget !== "" && ` → ${linkTarget}`}
    </td>
    <td class="mono">${mode.toString(8).padStart(4, "0")}</td>
    <td class="number">${type === "file" && sizeText(sizeBytes)}</td>
    <td class="number">${layer + 1}</td>
  </tr>`;
}

import type { ImageFiles, ListedFile } from "#registry/images/list-image-files.ts";
import { html, type Html } from "../html.ts";
import { inPath, sizeText } from "../words.ts";

const MOST_ENTRIES = 5000;

/** One folder of an image. `folder`: absolute, without a slash at its end but for the root. */
export function filesView(repository: string, digest: string, folder: string, { files, isComplete }: ImageFiles): Html {
  const prefix = folder === "/" ? "/" : `${folder}/`;
  const entries = [...files]
    .filter(([path]) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/"))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MOST_ENTRIES);
  const to = (path: string): string =>
    `/ui/r/${inPath(repository)}/files/${digest}?${new URLSearchParams({ path }).toString()}`;
  const parents = folder.split("/").filter((part) => part !== "");
  return html`<p><a href="/ui/r/${inPath(repository)}">${repository}</a></p>
    <h1>Files in <code>${digest.slice(0, 19)}</code></h1>
    ${!isComplete && html`<p class="message">The image is too large to be listed whole.</p>`}
    <nav aria-label="Folder" class="mono">
      <a href="${to("/")}">/</a>${parents.map(
        (part, at) => html`<a href="${to(`/${parents.slice(0, at + 1).join("/")}`)}">${part}</a>/`,
      )}
    </nav>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Mode</th>
            <th scope="col" class="number">Size</th>
            <th scope="col" class="number">Layer</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map(([path, file]) => line(path.slice(prefix.length), file, to(path)))}
        </tbody>
      </table>
    </div>
    ${entries.length === 0 && html`<p>The folder is empty.</p>`}`;
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

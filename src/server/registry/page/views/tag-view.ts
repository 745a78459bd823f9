import type { ManifestRow } from "#registry/database/manifest-rows.ts";
import type { TagChange } from "#registry/database/tag-rows.ts";
import type { DescribedImage, DescribedPlatform } from "#registry/images/describe-image.ts";
import { html, type Html } from "../html.ts";
import { command, inPath, moment, shortDigest, sizeText } from "../words.ts";

export interface TagPage {
  readonly repository: string;
  readonly tag: string;
  readonly image: DescribedImage;
  readonly history: readonly TagChange[];
  /** What was pushed about it: signatures, bills of materials. */
  readonly referrers: readonly ManifestRow[];
  readonly host: string;
  readonly mayPush: boolean;
  readonly mayDelete: boolean;
}

/** One tag: its platforms with their layers, what it pointed to before, what refers to it. */
export function tagView({ repository, tag, image, history, referrers, host, mayPush, mayDelete }: TagPage): Html {
  const address = `/ui/r/${inPath(repository)}`;
  return html`<p><a href="${address}">${repository}</a></p>
    <h1>${repository}:${tag}</h1>
    <p class="soft">Pushed ${moment(image.pushedAtMs)}${image.pushedBy !== "" && ` by ${image.pushedBy}`}</p>
    ${command(`docker pull ${host}/${repository}:${tag}`)}
    ${command(`docker pull ${host}/${repository}@${image.digest}`)}
    ${image.platforms.map((platform) => platformSection(address, platform))}
    ${referrers.length > 0 && referrerSection(referrers)}
    <h2 id="history">History of this tag</h2>
    <div class="scroll" role="region" tabindex="0" aria-labelledby="history">
      <table aria-labelledby="history">
        <thead>
          <tr>
            <th scope="col">Since</th>
            <th scope="col">Digest</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          ${history.map(
            ({ digest, atMs, actor }) =>
              html`<tr>
                <td>${moment(atMs)}</td>
                <td>${digest === undefined ? "deleted" : shortDigest(digest)}</td>
                <td>${actor}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      mayPush &&
      html`<h2>Another tag for it</h2>
        <form method="post" action="${address}/tags/${tag}/copy" class="row">
          <label>Tag <input name="tag" required maxlength="128" pattern="[A-Za-z0-9_][A-Za-z0-9._\\-]*" /></label>
          <button>Set the tag</button>
        </form>`
    }
    ${
      mayDelete &&
      html`<h2>Delete</h2>
        <p><a href="${address}/tags/${tag}/delete">Delete this tag…</a></p>`
    }`;
}

/** `linux/arm64/v8`; what kind of artifact for what runs nowhere. */
export function platformName({ os, architecture, variant, artifactType }: DescribedPlatform): string {
  if (os === "" || os === "unknown") return artifactType;
  return [os, architecture, variant].filter((part) => part !== "").join("/");
}

function platformSection(address: string, platform: DescribedPlatform): Html {
  const { digest, layers, sizeBytes, command: entry, createdAt } = platform;
  const id = `p${digest.slice(-12)}`;
  return html`<h2 id="${id}">${platformName(platform)}</h2>
    <p class="soft">
      ${shortDigest(digest)} · ${sizeText(sizeBytes)} in ${layers.length === 1 ? "1 layer" : `${layers.length} layers`}
      ${createdAt !== "" && ` · made ${createdAt.slice(0, 10)}`} · <a href="${address}/files/${digest}">files</a>
    </p>
    ${entry !== "" && html`<p>Runs <code>${entry}</code></p>`}
    <div class="scroll" role="region" tabindex="0" aria-labelledby="${id}">
      <table aria-labelledby="${id}">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col" class="number">Size</th>
            <th scope="col">Made by</th>
          </tr>
        </thead>
        <tbody>
          ${layers.map(
            (layer) =>
              html`<tr>
                <td>${shortDigest(layer.digest)}</td>
                <td class="number">${sizeText(layer.sizeBytes)}</td>
                <td><code>${layer.createdBy === "" ? layer.mediaType : layer.createdBy.slice(0, 400)}</code></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function referrerSection(referrers: readonly ManifestRow[]): Html {
  return html`<h2>About this image</h2>
    <ul>
      ${referrers.map(
        ({ digest, artifactType, sizeBytes, pushedAtMs }) =>
          html`<li>
            ${artifactType ?? "artifact"} ${shortDigest(digest)}, ${sizeText(sizeBytes)}, ${moment(pushedAtMs)}
          </li>`,
      )}
    </ul>`;
}

/** The question before a tag goes. */
export function deleteView(repository: string, tag: string): Html {
  const address = `/ui/r/${inPath(repository)}/tags/${tag}`;
  return html`<h1>Delete ${repository}:${tag}?</h1>
    <p>
      Nobody can pull it by this tag any more. Its content stays, and an administrator can bring the tag back for a
      while.
    </p>
    <form method="post" action="${address}/delete" class="row">
      <button class="danger">Delete the tag</button> <a href="${address}">Keep it</a>
    </form>`;
}

import type { RepositoryRow } from "#registry/database/repository-rows.ts";
import type { Found } from "#registry/search/search-repositories.ts";
import { html, type Html } from "../html.ts";
import { inPath, moment } from "../words.ts";

/** Repositories, all of them or those that a search found. */
export function browseView(found: Found, query: string, page: number, pageSize: number): Html {
  const title = query === "" ? "Repositories" : `Search: ${query}`;
  const link = (to: number, label: string): Html =>
    html`<a href="/ui/?${new URLSearchParams({ q: query, page: String(to) }).toString()}">${label}</a>`;
  return html`<h1>${title}</h1>
    <p class="soft" role="status">${found.count === 1 ? "1 repository" : `${found.count} repositories`}</p>
    ${
      found.count === 0 &&
      html`<p>
        ${query === "" ? "Nothing was pushed yet, or nothing that you may see." : "No name and no description has these words."}
      </p>`
    }
    <ul class="cards">
      ${found.repositories.map(card)}
    </ul>
    <nav class="row" aria-label="Pages">
      ${page > 1 && link(page - 1, "Previous page")} ${page * pageSize < found.count && link(page + 1, "Next page")}
    </nav>`;
}

function card({ name, description, pulls, updatedAtMs }: RepositoryRow): Html {
  return html`<li class="panel">
    <a href="/ui/r/${inPath(name)}">${name}</a>
    ${description !== "" && html`<p>${description}</p>`}
    <p class="soft">${pulls === 1 ? "1 pull" : `${pulls} pulls`} · changed ${moment(updatedAtMs)}</p>
  </li>`;
}

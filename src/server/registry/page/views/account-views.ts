import type { AccessTokenRow } from "#registry/database/account-rows.ts";
import { html, type Html } from "../html.ts";
import { command, moment } from "../words.ts";

export function signInView(name: string, problem: string | undefined): Html {
  return html`<h1>Sign in</h1>
    ${problem !== undefined && html`<p class="message wrong" role="alert">${problem}</p>`}
    <form method="post" action="/ui/sign-in" class="form">
      <label>Name <input name="name" autocomplete="username" required value="${name}" /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <div><button>Sign in</button></div>
    </form>`;
}

/** `made`: a token that was made just now, to be shown this once. */
export function tokensView(
  tokens: readonly AccessTokenRow[],
  user: string,
  host: string,
  made: string | undefined,
): Html {
  return html`<h1 id="tokens">Access tokens</h1>
    <p>A token is used in place of the password, by programs above all, and may do less than you.</p>
    ${
      made !== undefined &&
      html`<div class="message" role="status">
        <p>Copy the new token now: it is not shown again.</p>
        ${command(made)} ${command(`docker login -u ${user} ${host}`)}
      </div>`
    }
    ${
      tokens.length > 0 &&
      html`<div class="scroll" role="region" tabindex="0" aria-labelledby="tokens">
        <table aria-labelledby="tokens">
          <thead>
            <tr>
              <th scope="col">Label</th>
              <th scope="col">Rights</th>
              <th scope="col">Made</th>
              <th scope="col">Good until</th>
              <th scope="col">Last used</th>
              <th scope="col"><span class="skip">Action</span></th>
            </tr>
          </thead>
          <tbody>
            ${tokens.map(
              ({ id, label, actions, createdAtMs, expiresAtMs, usedAtMs }) =>
                html`<tr>
                  <th scope="row">${label === "" ? id : label}</th>
                  <td>${actions.join(", ")}</td>
                  <td>${moment(createdAtMs)}</td>
                  <td>${expiresAtMs === undefined ? "it is removed" : moment(expiresAtMs)}</td>
                  <td>${usedAtMs === undefined ? "never" : moment(usedAtMs)}</td>
                  <td>
                    <form method="post" action="/ui/tokens/${id}/delete">
                      <button class="danger" aria-label="Remove ${label === "" ? id : label}">Remove</button>
                    </form>
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`
    }
    <h2>New token</h2>
    <form method="post" action="/ui/tokens" class="form">
      <label>Label <input name="label" maxlength="200" placeholder="what it is for" /></label>
      <label>
        Rights
        <select name="actions">
          <option value="pull">pull</option>
          <option value="pull,push">pull and push</option>
          <option value="pull,push,delete">pull, push and delete</option>
        </select>
      </label>
      <label>
        Good for
        <select name="expires">
          <option value="720h">30 days</option>
          <option value="2160h">90 days</option>
          <option value="8760h">a year</option>
          <option value="">ever</option>
        </select>
      </label>
      <div><button>Make the token</button></div>
    </form>`;
}

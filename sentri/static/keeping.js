// Nothing that was typed is lost: leaving asks; a form that meets an ended session signs in again in place and goes on.
const checked = new WeakSet(); // forms whose session was found to hold a moment ago
const waiting = new WeakSet();
let leaving = false;

const posts = (form) => form.getAttribute("method") === "post"; // a field may be called "method"
const keeps = (form) => Boolean(form) && posts(form) && !form.closest("dialog") && !("loose" in form.dataset);
const unsaved = () => [...document.querySelectorAll("form[data-changed]")].filter(keeps);

function typed(event) {
  const { form, name } = event.target;
  if (!keeps(form) || name === "ids" || "selectPage" in event.target.dataset) return;
  if (name === "kind" && "edits" in form.dataset) return;
  form.dataset.changed = "";
}
document.addEventListener("input", typed);
document.addEventListener("change", typed);

addEventListener("beforeunload", (event) => {
  if (!leaving && unsaved().length) event.preventDefault();
});
addEventListener("pageshow", () => {
  leaving = false;
});

// --- the session ---

async function session() {
  const answer = await fetch("/session", { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

// Signing in gives new tokens to all forms: those that the page carries are replaced.
function renew(token) {
  for (const input of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) input.value = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
}

/** Whether what is about to be sent will be taken: asks for the password where the session has ended. */
async function ready() {
  let found;
  try {
    found = await session();
  } catch {
    return true;
  } // sending it says what is wrong
  renew(found.csrf);
  return found.name ? true : signInAgain(found.csrf);
}

let asking = null;
function signInAgain(token) {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("sign-in-again").content.firstElementChild.cloneNode(true);
    dialog.querySelector('[name="csrfmiddlewaretoken"]').value = token;
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      signIn(dialog, event.target);
    });
    dialog.querySelector("[data-later]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      asking = null;
      dialog.remove();
      resolve(dialog.returnValue === "signed-in");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

async function signIn(dialog, form) {
  const problem = form.querySelector("[role=alert]");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (new URL(answer.url).pathname === "/session") {
      renew((await answer.json()).csrf);
      return dialog.close("signed-in");
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    problem.textContent =
      page.querySelector("[role=alert], .empty p")?.textContent ?? `That did not work (${answer.status}).`;
  } catch {
    problem.textContent = "Sentri does not answer. Try again in a moment.";
  }
  problem.hidden = false;
}

// --- forms that load a page: the session is looked at before the form goes ---

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || !posts(form) || "leaves" in form.dataset) return;
  if (checked.delete(form)) {
    leaving = true;
    return;
  }
  event.preventDefault();
  if (waiting.has(form)) return;
  waiting.add(form);
  const submitter = event.submitter;
  const goes = await ready();
  waiting.delete(form);
  if (!goes) return;
  checked.add(form);
  form.requestSubmit(submitter?.isConnected ? submitter : null);
});

// --- requests of htmx: an answer that says "sign in" or "expired" is not followed while there is something to keep ---

document.addEventListener("htmx:beforeOnLoad", async (event) => {
  const { xhr, requestConfig } = event.detail;
  const ended = xhr.getResponseHeader("HX-Redirect")?.startsWith("/sign-in");
  if (!ended && xhr.getResponseHeader("X-Sentri-Form") !== "expired") return;
  if (requestConfig.verb === "get" && !unsaved().length) return;
  event.preventDefault();
  const asked = requestConfig.verb !== "get" || requestConfig.triggeringEvent;
  if (!asked || !(await ready())) return;
  const values = new FormData();
  for (const [name, value] of requestConfig.formData) if (name !== "csrfmiddlewaretoken") values.append(name, value);
  htmx.ajax(requestConfig.verb.toUpperCase(), requestConfig.path, {
    source: requestConfig.elt,
    target: requestConfig.target,
    values,
  });
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, requestConfig, xhr } = event.detail;
  const redirected = xhr?.getResponseHeader("HX-Redirect");
  if (successful && !redirected && requestConfig?.verb !== "get" && elt.matches?.("form")) delete elt.dataset.changed;
});

// What would replace a form with unsaved changes asks first; what only looks for news waits.
document.addEventListener("htmx:confirm", (event) => {
  const { elt, target, verb, triggeringEvent, issueRequest } = event.detail;
  const lost = unsaved().filter((form) => target.contains(form) && !form.contains(elt) && elt.form !== form);
  if (!lost.length) return;
  event.preventDefault();
  if (verb === "get" && !triggeringEvent) return;
  if (!confirm("There are unsaved changes. Discard them?")) return;
  for (const form of lost) delete form.dataset.changed;
  issueRequest(true);
});

// What a person would use to sign in. Fields are told by type, autocomplete and the words on them.
const signin = (() => {
  // WORDS are those of runs/engine/lexicon, which says how they are spelt here.
  const folded = (text) =>
    ` ${(
      text
        .replace(/([a-z])([A-Z])/g, "$1 $2")
        .normalize("NFKC")
        .toLowerCase()
        .replace(/ß/g, "ss")
        .replace(/ı/g, "i")
        .replace(/\u0307/g, "")
        .match(/[\p{L}\p{N}]+/gu) || []
    ).join(" ")} `;
  function speaks(text, meant) {
    const said = folded(text);
    return WORDS[meant].some((word) => said.includes(word));
  }
  function begins(text, meant) {
    const said = folded(text);
    return WORDS[meant].some((word) => said.startsWith(word) || said.startsWith(` ${word}`));
  }
  // One part of the address ends so: /login, /user/sign-in, /login.php.
  const leads = (address) =>
    address
      .split(/[/?#.]/)
      .map(folded)
      .some((part) => WORDS.entry.some((word) => part.endsWith(word) || part.endsWith(`${word} `)));
  const ERROR =
    "[role=alert], [aria-live=assertive], .errorlist, .error, .errors, .alert-danger, .alert-error, " +
    ".invalid-feedback, [class*=error i]";

  const shown = (element) =>
    !element.disabled && element.getClientRects().length > 0 && element.checkVisibility({ visibilityProperty: true });
  const says = (element) => (element.innerText || element.value || element.getAttribute("aria-label") || "").trim();

  function everything(root = document, found = []) {
    for (const element of root.querySelectorAll("*")) {
      found.push(element);
      if (element.shadowRoot) everything(element.shadowRoot, found);
    }
    return found;
  }
  const inputs = (types) =>
    everything().filter((element) => element.localName === "input" && types.includes(element.type) && shown(element));
  const words = (field) =>
    [...(field.labels || [])]
      .map((label) => label.textContent)
      .concat(["aria-label", "placeholder", "name", "id"].map((name) => field.getAttribute(name) || ""))
      .join(" ");

  // Where an element is, for `hold`: its way from the document, and what it is.
  function placeOf(element) {
    if (!element) return null;
    const steps = [];
    for (let at = element; at !== document; ) {
      const parent = at.parentNode;
      steps.unshift(Array.from(parent.children).indexOf(at));
      if (parent.nodeType === 11) steps.unshift("s");
      at = parent.nodeType === 11 ? parent.host : parent;
    }
    return `${steps.join(".")} ${element.localName}`;
  }

  function usernameBeside(password) {
    const texts = inputs(["text", "email", "tel"]);
    const near = password?.form ? texts.filter((field) => field.form === password.form) : texts;
    const before = near.filter(
      (field) => password && password.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_PRECEDING,
    );
    return (
      near.find((field) => /\b(username|email)\b/.test(field.autocomplete || "")) ||
      near.find((field) => field.type === "email") ||
      near.find((field) => speaks(words(field), "user")) ||
      before[before.length - 1] ||
      null
    );
  }

  function submitOf(form) {
    const buttons = everything().filter(
      (element) =>
        shown(element) &&
        (element.localName === "button" ||
          element.getAttribute("role") === "button" ||
          (element.localName === "input" && ["submit", "image"].includes(element.type))),
    );
    const inside = form ? buttons.filter((button) => button.form === form || form.contains(button)) : buttons;
    const entering = inside.filter((button) => begins(says(button), "entry") || begins(says(button), "onward"));
    return (
      entering.find((button) => button.type === "submit") ||
      entering[0] ||
      (form && inside.find((button) => button.type === "submit")) ||
      null
    );
  }

  // One password in a form is asked of who signs in; several are of who registers or changes it.
  function passwordAsked() {
    const passwords = inputs(["password"]);
    const alone = passwords.filter(
      (field) => !field.form || passwords.filter((other) => other.form === field.form).length === 1,
    );
    return alone.find((field) => field.autocomplete !== "new-password") || null;
  }

  // The name alone, before the password: only where the page itself speaks of signing in.
  function nameAsked() {
    const named = inputs(["text", "email", "tel"]).find((field) => /\busername\b/.test(field.autocomplete || ""));
    const field = named || usernameBeside(null);
    if (named || !field || !field.form) return named || null;
    const button = submitOf(field.form);
    const spoken =
      [document.title, ...[...document.querySelectorAll("h1, h2, legend")].map((one) => one.textContent)].some((text) =>
        begins(text, "entry"),
      ) || leads(location.pathname + location.hash);
    return button && (begins(says(button), "entry") || (begins(says(button), "onward") && spoken)) ? field : null;
  }

  // The fields of a one-time code: one, or a box for each digit.
  function codeFields() {
    const texts = inputs(["text", "tel", "number", "password"]);
    const boxes = texts.filter((field) => field.maxLength === 1);
    if (boxes.length >= 6 && boxes.length <= 8) return boxes;
    const field =
      texts.find((one) => /\bone-time-code\b/.test(one.autocomplete || "")) ||
      texts.find((one) => one.type !== "password" && speaks(words(one), "code"));
    return field ? [field] : [];
  }

  function remember(form) {
    return inputs(["checkbox"]).find((box) => box.form === form && speaks(words(box), "remember")) || null;
  }

  return {
    asks() {
      return Boolean(passwordAsked() || nameAsked());
    },
    fields() {
      const passwords = inputs(["password"]).filter((field) => !codeFields().includes(field));
      const password = passwordAsked() || passwords[0] || null;
      const username = password ? usernameBeside(password) : nameAsked() || usernameBeside(null);
      const form = (password || username)?.form;
      return {
        username: placeOf(username),
        password: placeOf(password),
        submit: placeOf(submitOf(form)),
        remember: placeOf(form ? remember(form) : null),
      };
    },
    codes() {
      const fields = codeFields();
      return { fields: fields.map(placeOf), submit: placeOf(fields.length ? submitOf(fields[0].form) : null) };
    },
    entrance() {
      const all = [...document.querySelectorAll("a[href], button, [role=button], [role=link]")].filter(shown);
      return placeOf(
        all.find((element) => begins(says(element), "entry")) ||
          all.find((element) => leads(element.getAttribute("href") || "")),
      );
    },
    // Where a link in a menu that is closed leads to sign in.
    way() {
      const links = everything().filter((element) => element.matches("a[href]") && element.origin === location.origin);
      const link = links.find((one) => begins(one.textContent, "entry"));
      return link ? link.href : "";
    },
    verdict() {
      const errors = [...document.querySelectorAll(ERROR)].filter(shown).map((element) => element.innerText.trim());
      const codes = codeFields();
      const password = codes.length ? null : passwordAsked();
      return {
        password: Boolean(password),
        code: codes.length > 0,
        blank: [...codes, password].filter(Boolean).every((field) => !field.value),
        said: (errors.find(Boolean) || "").replace(/\s+/g, " ").slice(0, 200),
      };
    },
    view() {
      const pressed = everything().filter((element) =>
        element.matches("a[href], button, [role=button], [role=menuitem]"),
      );
      // Closed menus count: what is in them tells who is signed in as well.
      const names = pressed.map((element) => (says(element) || element.textContent).trim().replace(/\s+/g, " "));
      return {
        address: location.pathname + (/^#!?\//.test(location.hash) ? location.hash : ""),
        asks: this.asks(),
        names: [...new Set(names.filter(Boolean).map((name) => name.slice(0, 80)))].slice(0, 500),
      };
    },
  };
})();

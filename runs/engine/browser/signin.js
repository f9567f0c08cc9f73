/* An expression: what a person would use to sign in. Fields are told by type, autocomplete and the words on them. */
(() => {
  const ENTRY = new RegExp('^\\s*(' + [
    'log ?-?in', 'log ?-?on', 'sign ?-?in', 'anmelden', 'einloggen', 'se connecter', 'connexion', 'iniciar sesi[oó]n',
    'acceder', 'accedi', 'entrar', 'inloggen', 'logga in', 'my account',
  ].join('|') + ')', 'i');
  const ONWARD = /^(continue|next|weiter|suivant|continuer|siguiente|continuar|avanti|volgende)/i;
  const USER = /user|e-?mail|login|account|benutzer|konto|identifi|usuario|correo|utente|gebruiker/i;
  const ERROR = '[role=alert], [aria-live=assertive], .errorlist, .error, .errors, .alert-danger, .alert-error, '
    + '.invalid-feedback, [class*=error i]';

  const shown = (element) => !element.disabled && element.getClientRects().length > 0
    && element.checkVisibility({ visibilityProperty: true });
  const says = (element) => (element.innerText || element.value || element.getAttribute('aria-label') || '').trim();

  function everything(root = document, found = []) {
    for (const element of root.querySelectorAll('*')) {
      found.push(element);
      if (element.shadowRoot) everything(element.shadowRoot, found);
    }
    return found;
  }
  const inputs = (types) => everything().filter((element) => element.localName === 'input'
    && types.includes(element.type) && shown(element));
  const words = (field) => [...(field.labels || [])].map((label) => label.textContent)
    .concat(['aria-label', 'placeholder', 'name', 'id'].map((name) => field.getAttribute(name) || '')).join(' ');

  function usernameBeside(password) {
    const texts = inputs(['text', 'email', 'tel']);
    const near = password && password.form ? texts.filter((field) => field.form === password.form) : texts;
    const before = near.filter((field) => password
      && password.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_PRECEDING);
    return near.find((field) => /\b(username|email)\b/.test(field.autocomplete || ''))
      || near.find((field) => field.type === 'email') || near.find((field) => USER.test(words(field)))
      || before[before.length - 1] || null;
  }

  function submitOf(form) {
    const buttons = everything().filter((element) => shown(element) && (element.localName === 'button'
      || element.getAttribute('role') === 'button'
      || (element.localName === 'input' && ['submit', 'image'].includes(element.type))));
    const inside = form ? buttons.filter((button) => button.form === form || form.contains(button)) : buttons;
    const entering = inside.filter((button) => ENTRY.test(says(button)) || ONWARD.test(says(button)));
    return entering.find((button) => button.type === 'submit') || entering[0]
      || (form && inside.find((button) => button.type === 'submit')) || null;
  }

  return {
    fields() {
      const passwords = inputs(['password']);
      const password = passwords.find((field) => field.autocomplete !== 'new-password') || passwords[0] || null;
      const username = usernameBeside(password);
      const form = (password || username || {}).form;
      return { username, password, submit: submitOf(form) };
    },
    entrance() {
      const all = [...document.querySelectorAll('a[href], button, [role=button], [role=link]')].filter(shown);
      return all.find((element) => ENTRY.test(says(element)))
        || all.find((element) => /(log-?in|sign-?in)(\/|$|\?)/i.test(element.getAttribute('href') || '')) || null;
    },
    verdict() {
      const errors = [...document.querySelectorAll(ERROR)].filter(shown).map((element) => element.innerText.trim());
      return {
        password: inputs(['password']).length > 0,
        code: everything().some((element) => element.autocomplete === 'one-time-code' && shown(element)),
        said: (errors.find(Boolean) || '').replace(/\s+/g, ' ').slice(0, 200),
      };
    },
  };
})()

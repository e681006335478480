// Passkeys: forms that only a script can fill in come to sight, ask the browser, and are sent.
//
// data-passkey : "get" shows a passkey, "create" makes one; data-asked : what the portal asks.
// data-quiet   : let the browser offer a passkey in the field of the e-mail address, too.

const KNOWS = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

let quiet = null;

function optionsOf(form) {
  const asked = JSON.parse(form.dataset.asked);
  return form.dataset.passkey === "create"
    ? PublicKeyCredential.parseCreationOptionsFromJSON(asked)
    : PublicKeyCredential.parseRequestOptionsFromJSON(asked);
}

function send(form, credential) {
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.submit();
}

function say(form, words) {
  const place = form.querySelector("[data-said]");
  if (place) place.textContent = words;
}

async function ask(form) {
  quiet?.abort();
  say(form, "");
  const publicKey = optionsOf(form);
  try {
    const made = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    if (made) send(form, made);
  } catch (error) {
    say(form, error.name === "InvalidStateError"
      ? "This device has a passkey for you already."
      : "No passkey was used. Try once more, or take the other way below.");
  }
}

async function offerQuietly(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  quiet = new AbortController();
  try {
    const publicKey = optionsOf(form);
    const shown = await navigator.credentials.get({ publicKey, mediation: "conditional", signal: quiet.signal });
    if (shown) send(form, shown);
  } catch {
    // Nobody chose one; the button is still there.
  }
}

for (const form of KNOWS ? document.querySelectorAll("form[data-passkey]") : []) {
  form.closest("[data-needs-passkeys]").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.reportValidity()) ask(form);
  });
  if ("quiet" in form.dataset) offerQuietly(form);
}

// Where passkeys work, the other way folds away; an error in it keeps it open.
if (KNOWS) {
  for (const fold of document.querySelectorAll("details[data-other-way]")) {
    if (!fold.querySelector("[aria-invalid]")) fold.open = false;
  }
}

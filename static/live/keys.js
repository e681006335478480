/**
 * A desk by keyboard. Everything a key does is on the page as well, with data-key="a" on it:
 * a link or a button is pressed, a fold opens and takes the keyboard.
 */
const one = (selector, where = document) => where.querySelector(selector);

/** What a desk remembers on this device: whether its keys are off, its sound on. */
export const stored = {
  get: (name) => localStorage.getItem(`desk-${name}`),
  set: (name, value) => localStorage.setItem(`desk-${name}`, value),
};

const isWriting = (it) => it.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");

/** Press what bears a key, or open it. */
function use(key) {
  const it = one(`[data-key="${CSS.escape(key)}"]`);
  if (!it || it.disabled) return false;
  if (it.tagName !== "DETAILS") it.click();
  else {
    it.open = true;
    one("input:not([type=hidden]), textarea, select", it)?.focus();
  }
  return true;
}

function close() {
  document.querySelectorAll("details[data-key][open]").forEach((it) => (it.open = false));
  document.activeElement?.blur();
}

/** Choose the n-th of what the open fold offers: a radio, a box, or an option of its first list. */
function choose(number) {
  const fold = one("details[data-key][open]");
  if (!fold) return;
  const boxes = fold.querySelectorAll("input[type=radio], input[type=checkbox]");
  const box = boxes[number - 1];
  if (box) {
    box.checked = box.type === "radio" || !box.checked;
    box.focus(); // Enter sends the form
  }
}

/** Switch the keys off and on by the button that says so. */
function startSwitch(page) {
  const keys = one("[data-keys-switch]");
  const say = () => {
    keys.textContent = stored.get("keys") === "off" ? "Turn keys on" : "Turn keys off";
    document.body.classList.toggle("no-keys", stored.get("keys") === "off");
  };
  keys.addEventListener("click", () => {
    stored.set("keys", stored.get("keys") === "off" ? "on" : "off");
    say();
  });
  page.hidden = false;
  say();
}

/**
 * Start. `own` maps further keys to what they do. A key is left alone while somebody writes, and
 * whenever keys are off.
 */
export function startKeys(own) {
  const page = document.getElementById("keys");
  if (page) startSwitch(page);
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (key === "Escape") return close();
    if (key === "Enter" && (event.ctrlKey || event.metaKey) && target.form) {
      event.preventDefault();
      return target.form.requestSubmit();
    }
    if (stored.get("keys") === "off" || event.ctrlKey || event.metaKey || event.altKey || isWriting(target)) return;
    if (/^[1-9]$/.test(key)) return choose(Number(key));
    if (key === "?" && page) {
      page.open = !page.open;
    } else if (Object.hasOwn(own, key)) own[key]();
    else if (!use(key)) return;
    event.preventDefault();
  });
}

/** The desk by keyboard: one key for each decision, claims, the alarm. Everything is on buttons, too. */
import { isBeingWritten } from "../live/regions.js";
import { showDifference } from "./difference.js";

const TAKE_MS = 1500; // who only passes by takes nothing
const LOOK_MS = 5000;

const stored = {
  get: (name) => localStorage.getItem(`desk-${name}`),
  set: (name, value) => localStorage.setItem(`desk-${name}`, value),
};
const all = (selector, where = document) => [...where.querySelectorAll(selector)];
const one = (selector, where = document) => where.querySelector(selector);

// ------------------------------------------------------------------ keys

function go(step) {
  const links = all("[data-view=queue] a.q");
  const here = links.findIndex((it) => it.getAttribute("aria-current"));
  const next = links[here < 0 ? 0 : here + step];
  if (next) location.assign(next.href);
}

function open(name) {
  const fold = one(`#item details[data-fold=${name}]`);
  if (!fold) return;
  fold.open = true;
  one("input:not([type=hidden]), textarea, select", fold)?.focus();
}

function close() {
  all("#item details[data-fold][open]").forEach((it) => (it.open = false));
  document.activeElement?.blur();
}

function press(selector) {
  const button = one(selector);
  if (button && !button.disabled) button.click();
}

function chooseReason(number) {
  const radios = all("#item details[data-fold=r][open] input[type=radio]");
  const radio = radios[number - 1];
  if (!radio) return;
  radio.checked = true;
  radio.focus(); // Enter sends the form
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  a: () => press("#item [data-key=a]"),
  e: () => open("e"),
  r: () => open("r"),
  q: () => open("q"),
  m: () => press("#item [data-fold=m] form.alike button"),
  c: () => press("#item form[data-move^='claim.'] button"),
  n: () => press("a[data-key=n]"),
  t: () => press("a[data-key=t]"),
  "?": () => {
    const keys = document.getElementById("keys");
    keys.open = !keys.open;
  },
};

const isWriting = (it) => it.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");

function onKey(event) {
  const { key, target } = event;
  if (key === "Escape") return close();
  if (key === "Enter" && (event.ctrlKey || event.metaKey) && target.form) {
    event.preventDefault();
    return target.form.requestSubmit();
  }
  if (stored.get("keys") === "off" || event.ctrlKey || event.metaKey || event.altKey || isWriting(target)) return;
  if (/^[1-9]$/.test(key)) return chooseReason(Number(key));
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
}

// ------------------------------------------------------------------ claims and the alarm

/** Take the open report, so that the others see it: nobody has to press a key for that. */
function take() {
  const form = one("form[data-take]");
  if (form && !document.hidden) fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
}

/** Taking over or giving back must not cost what is being written: then the page stays, and hears of it live. */
function onSubmit(event) {
  const form = event.target;
  const item = document.getElementById("item");
  if (!form.matches("#item form[data-move^='claim.']") || !isBeingWritten(item)) return;
  event.preventDefault();
  fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
}

let beeped = "";

function beep() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  tone.connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.3);
}

/** Say in the title how many wait, and mark those that wait too long. */
function look() {
  const limit = Number(document.getElementById("tally")?.dataset.alarm) * 60_000;
  const late = all("[data-view=queue] [data-limit-from]").filter(
    (it) => Date.now() - new Date(it.dataset.limitFrom) > limit,
  );
  late.forEach((it) => it.classList.add("late"));
  const count = all("[data-view=queue] > [data-subject]").length;
  document.title = document.title.replace(/^(\(\d+\) )?/, count ? `(${count}) ` : "");
  const names = late.map((it) => it.closest("[data-subject]").dataset.subject).join(" ");
  if (stored.get("sound") === "on" && names && names !== beeped) beep();
  beeped = names;
}

function switches() {
  const keys = one("[data-keys-switch]");
  const sound = one("[data-sound-switch]");
  const say = () => {
    keys.textContent = stored.get("keys") === "off" ? "Turn keys on" : "Turn keys off";
    sound.textContent = stored.get("sound") === "on" ? "No sound" : "Sound an alarm when a report waits too long";
    document.body.classList.toggle("no-keys", stored.get("keys") === "off");
  };
  keys.addEventListener("click", () => {
    stored.set("keys", stored.get("keys") === "off" ? "on" : "off");
    say();
  });
  sound.addEventListener("click", () => {
    stored.set("sound", stored.get("sound") === "on" ? "off" : "on");
    say();
  });
  say();
}

const keys = document.getElementById("keys");
if (keys) {
  keys.hidden = false;
  switches();
}
document.addEventListener("keydown", onKey);
document.addEventListener("submit", onSubmit);
document.addEventListener("input", ({ target }) => {
  if (target.dataset.before !== undefined) showDifference(target, one("#item [data-diff]"));
});
if (one("[role=status].notice")) document.getElementById("item-h")?.focus();
setTimeout(take, TAKE_MS);
look();
setInterval(look, LOOK_MS);

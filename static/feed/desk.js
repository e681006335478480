/** The desk by keyboard: one key for each decision, claims, the alarm. Everything is on buttons, too. */
import { startKeys, stored } from "../live/keys.js";
import { isBeingWritten } from "../live/regions.js";
import { showDifference } from "./difference.js";

const TAKE_MS = 1500; // who only passes by takes nothing
const LOOK_MS = 5000;

const all = (selector, where = document) => [...where.querySelectorAll(selector)];
const one = (selector, where = document) => where.querySelector(selector);

// ------------------------------------------------------------------ keys

function go(step) {
  const links = all("[data-view=queue] a.q");
  const here = links.findIndex((it) => it.getAttribute("aria-current"));
  const next = links[here < 0 ? 0 : here + step];
  if (next) location.assign(next.href);
}

const press = (selector) => one(selector)?.click();

startKeys({
  j: () => go(1),
  k: () => go(-1),
  m: () => press("#item form.alike button"),
  c: () => press("#item form[data-move^='claim.'] button"),
});

// ------------------------------------------------------------------ claims and the alarm

/** Take the open report, so that the others see it: nobody has to press a key for that. */
function take() {
  const form = one("form[data-take]");
  if (!form || document.hidden) return;
  const body = new FormData(form);
  body.set("once", crypto.randomUUID()); // the button's own is left for whoever presses it
  body.set("gently", "1"); // never from a colleague who came a moment before
  fetch(form.action, { method: "POST", body, redirect: "manual" });
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

function startSound() {
  const sound = one("[data-sound-switch]");
  const say = () => {
    sound.textContent = stored.get("sound") === "on" ? "No sound" : "Sound an alarm when a report waits too long";
  };
  sound.addEventListener("click", () => {
    stored.set("sound", stored.get("sound") === "on" ? "off" : "on");
    say();
  });
  say();
}

if (one("[data-sound-switch]")) startSound();
document.addEventListener("submit", onSubmit);
document.addEventListener("input", ({ target }) => {
  if (target.dataset.before !== undefined) showDifference(target, one("#item [data-diff]"));
});
if (one("[role=status].notice")) document.getElementById("item-h")?.focus();
setTimeout(take, TAKE_MS);
look();
setInterval(look, LOOK_MS);

/**
 * Regions: parts of the page that are not lists, asked for anew when their subject moves.
 *
 * data-refresh="queue offers" : views whose frames concern the region, and what rows call for: a post
 *                               that is pinned or to be acknowledged says so, the others leave it alone.
 * data-names="OZ27-K7F3"      : it speaks of this subject, too.
 * data-refresh="standings"    : it shows who is connected or suspended, which no frame tells.
 * data-about="OZ27-K7F3"      : the subject it is about.
 * data-part                   : a part of a region that is renewed also while the rest is being written.
 * What a person is typing is never replaced, and what does not concern a region leaves it alone:
 * a fold that somebody opened stays open while other things move.
 */
import { loadAgain } from "./lists.js";
import { pageOf } from "./markup.js";

const WAIT_MS = 150;
const AGAIN_MS = 3000;

const stale = new Set(); // ids of the regions to ask for
let timer = 0;
let isAsking = false;

/** Return the view of a frame, and what its row calls for: data-calls="acknowledge pin". */
function callsOf(frame) {
  const called = frame.html?.match(/ data-calls="([^"]*)"/)?.[1] ?? "";
  return [frame.view, ...called.split(" ")];
}

function concerned(frame) {
  const calls = callsOf(frame);
  return [...document.querySelectorAll("[data-refresh][id], [data-about][id]")].filter(
    (region) =>
      (frame.subject && region.dataset.about === frame.subject) ||
      (frame.subject && region.querySelector(`[data-names="${CSS.escape(frame.subject)}"]`)) ||
      frame.parts?.some((part) => region.contains(part)) ||
      (region.dataset.refresh ?? "").split(" ").some((word) => word && calls.includes(word)),
  );
}

/** Whether somebody has typed or chosen something in this part of the page, and not sent it. */
export function isBeingWritten(region) {
  if (region.querySelector(".errsum")) return true; // what was typed came back to be put right
  return [...region.querySelectorAll("textarea, input:not([type=hidden]), select")].some((field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") {
      return [...field.options].some((option) => option.selected !== option.defaultSelected && option.index > 0);
    }
    return field.value !== field.defaultValue;
  });
}

/** Say it where the person is writing: above the button they would press next. */
function warn(region) {
  if (region.querySelector(".live-warning")) return;
  const notice = document.createElement("p");
  notice.className = "notice notice--note live-warning";
  notice.setAttribute("role", "status");
  notice.textContent = "This changed meanwhile. What you write is kept; sending it shows how it stands now.";
  const form = [...region.querySelectorAll("form")].find(isBeingWritten);
  const acts = form?.querySelector(":scope > .acts");
  if (acts) acts.before(notice);
  else region.prepend(notice);
}

/** What a region says of its subject: neither its own parts, nor ages, nor what came of writing in it. */
function wordsOf(region) {
  const copy = region.cloneNode(true);
  const other = "[data-part], [data-age], [data-diff], textarea, .live-warning, .errsum, .usa-error-message";
  copy.querySelectorAll(other).forEach((it) => it.remove());
  return copy.textContent.replace(/\s+/g, " ");
}

/** Renew of a region that is being written what can be: its parts of their own. Warn if that is not all. */
function renewParts(region, next) {
  for (const part of region.querySelectorAll("[data-part][id]")) {
    const fresh = next?.querySelector(`#${part.id}`);
    if (fresh && !isBeingWritten(part)) replace(part, fresh);
  }
  if (!next || wordsOf(region) !== wordsOf(next)) warn(region);
}

const summaryOf = (fold) => fold.querySelector("summary")?.textContent;

/** Return the first row of a list that is in sight: whatever grows above it, it is being read where it is. */
function rowInSight() {
  const rows = document.querySelectorAll("[data-view]:not([data-view='strip']) > [data-subject]");
  return [...rows].find((row) => row.getBoundingClientRect().bottom > 0);
}

/** Put the new region in place: folds and tables stay as they were left, and so does the keyboard. */
function replace(region, next) {
  if (region.isEqualNode(next)) return;
  const fresh = document.importNode(next, true);
  const open = new Set([...region.querySelectorAll("details[open]")].map(summaryOf));
  for (const fold of fresh.querySelectorAll("details")) fold.open ||= open.has(summaryOf(fold));
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const aside = [...region.querySelectorAll(".scroll")].map((it) => it.scrollLeft);
  const row = rowInSight();
  const top = row?.getBoundingClientRect().top;
  region.replaceWith(fresh);
  if (row?.isConnected) scrollBy({ top: row.getBoundingClientRect().top - top, behavior: "instant" });
  fresh.querySelectorAll(".scroll").forEach((it, i) => (it.scrollLeft = aside[i] ?? 0));
  if (!focused) return;
  fresh.tabIndex = -1;
  const twin = focused.id ? document.getElementById(focused.id) : likeIn(fresh, focused);
  (twin ?? fresh).focus({ preventScroll: true });
}

/** Return what stands for a link, a button or a fold's head in the region that takes its place. */
function likeIn(region, it) {
  return [...region.querySelectorAll(it.localName)].find((other) => other.textContent === it.textContent);
}

async function refresh(ids) {
  const answer = await fetch(location.href, { headers: { "X-Portal-Refresh": "1" } });
  if (answer.redirected || answer.status === 403 || answer.status === 404) {
    loadAgain(); // the page is no longer ours to see
    return;
  }
  if (answer.status >= 500) throw new Error(answer.statusText);
  // The page that a refused form came back with has no address to ask: then there is only the warning.
  const fresh = answer.ok ? pageOf(await answer.text()) : null;
  for (const region of ids.map((id) => document.getElementById(id)).filter(Boolean)) {
    const next = fresh?.getElementById(region.id);
    if (next && !isBeingWritten(region)) replace(region, next);
    else renewParts(region, next);
  }
}

async function run() {
  timer = 0;
  isAsking = true;
  const ids = [...stale];
  stale.clear();
  const isDone = await refresh(ids).then(
    () => true,
    () => false,
  );
  isAsking = false;
  if (!isDone) ids.forEach((id) => stale.add(id));
  if (stale.size) plan(isDone ? WAIT_MS : AGAIN_MS);
}

function plan(wait) {
  if (!timer && !isAsking) timer = setTimeout(run, wait);
}

/** Ask for the page anew soon, if a region of it is concerned: by a frame, or for its parts. */
export function applyToRegions(frame) {
  const regions = concerned(frame);
  regions.forEach((region) => stale.add(region.id));
  if (regions.length) plan(WAIT_MS);
}

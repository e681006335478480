/**
 * Regions: parts of the page that are not lists, asked for anew when their subject moves.
 *
 * data-refresh="queue offers" : views whose frames concern the region.
 * data-about="OZ27-K7F3"      : the subject it is about.
 * What a person is typing is never replaced, and what does not concern a region leaves it alone:
 * a fold that somebody opened stays open while other things move.
 */
import { loadAgain } from "./lists.js";

const WAIT_MS = 150;
const AGAIN_MS = 3000;

const stale = new Set(); // ids of the regions to ask for
let timer = 0;
let isAsking = false;

function concerned(frame) {
  return [...document.querySelectorAll("[data-refresh][id], [data-about][id]")].filter(
    (region) =>
      region.dataset.about === frame.subject ||
      (region.dataset.refresh ?? "").split(" ").includes(frame.view),
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

const summaryOf = (fold) => fold.querySelector("summary")?.textContent;

/** Put the new region in place: open folds stay open, and who was in it goes on from there. */
function replace(region, next) {
  const fresh = document.importNode(next, true);
  const open = new Set([...region.querySelectorAll("details[open]")].map(summaryOf));
  for (const fold of fresh.querySelectorAll("details")) fold.open ||= open.has(summaryOf(fold));
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  region.replaceWith(fresh);
  if (!focused) return;
  fresh.tabIndex = -1;
  ((focused.id && document.getElementById(focused.id)) || fresh).focus({ preventScroll: true });
}

async function refresh(ids) {
  const answer = await fetch(location.href, { headers: { "X-Portal-Refresh": "1" } });
  if (answer.redirected || answer.status === 403 || answer.status === 404) {
    loadAgain(); // the page is no longer ours to see
    return;
  }
  if (answer.status >= 500) throw new Error(answer.statusText);
  // The page that a refused form came back with has no address to ask: then there is only the warning.
  const fresh = answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  for (const region of ids.map((id) => document.getElementById(id)).filter(Boolean)) {
    const next = fresh?.getElementById(region.id);
    if (next && !isBeingWritten(region)) replace(region, next);
    else warn(region);
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

/** Ask for the page anew soon, if a region of it is concerned by the frame. */
export function applyToRegions(frame) {
  const regions = concerned(frame);
  regions.forEach((region) => stale.add(region.id));
  if (regions.length) plan(WAIT_MS);
}

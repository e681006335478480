/** Live lists: children of [data-view], each with data-subject and data-at. Upsert and remove. */
import { elementOf } from "./markup.js";

function before(list, element) {
  const at = element.dataset.at;
  const children = [...list.children];
  return list.dataset.sort === "desc"
    ? children.find((child) => child.dataset.at < at)
    : children.find((child) => child.dataset.at > at);
}

/** A full list ends where its page ends: what lies before it belongs to another page. */
function isOlderThanPage(list, element) {
  const limit = Number(list.dataset.limit || 0);
  const rows = [...list.children].filter((child) => child.dataset.subject); // not the days between them
  if (!limit || rows.length < limit) return false;
  const edge = list.dataset.sort === "desc" ? rows.at(-1) : rows[0];
  return element.dataset.at < edge.dataset.at;
}

function trim(list) {
  const limit = Number(list.dataset.trim || 0);
  while (limit && list.children.length > limit) {
    (list.dataset.sort === "desc" ? list.lastElementChild : list.firstElementChild).remove();
  }
}

/** Put another element in a row's place, or nothing; whoever was there goes on from there. */
function replace(row, element) {
  const wasHere = row.contains(document.activeElement);
  const next = element ?? row.nextElementSibling ?? row.previousElementSibling;
  if (element) row.replaceWith(element);
  else row.remove();
  if (wasHere) (next?.querySelector("a") ?? document.getElementById("main")).focus({ preventScroll: true });
}

function upsert(list, subject, html) {
  const known = list.querySelector(`:scope > [data-subject="${CSS.escape(subject)}"]`);
  if (html === null) {
    if (known) replace(known, null);
    return null;
  }
  const element = elementOf(html, "li");
  if (known) {
    if (known.outerHTML !== element.outerHTML) replace(known, element);
    return null;
  }
  if ("fixed" in list.dataset) return null; // an earlier page: nothing new belongs there
  if (list.dataset.takes && !list.dataset.takes.split(" ").includes(element.dataset.state)) return null;
  if (isOlderThanPage(list, element)) return null;
  list.insertBefore(element, before(list, element) ?? null);
  trim(list);
  return element;
}

/** Apply a frame to every list of its view; returns the rows that are new. */
export function applyToLists(frame) {
  const lists = [...document.querySelectorAll(`[data-view="${CSS.escape(frame.view)}"]`)];
  return lists.map((list) => upsert(list, frame.subject, frame.gone ? null : frame.html)).filter(Boolean);
}

/** Mark the rows whose subject stands open beside the list; the server cannot know. */
export function markCurrent() {
  const open = new Set([...document.querySelectorAll("[data-about]")].map((it) => it.dataset.about));
  for (const link of document.querySelectorAll("[data-view] > [data-subject] > a")) {
    if (open.has(link.parentElement.dataset.subject)) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Take away whatever lists and regions show, before the page is asked for anew. */
export function clearPage() {
  document
    .querySelectorAll("[data-view]:not([data-view='strip']), [data-refresh], [data-about]")
    .forEach((it) => it.replaceChildren());
}

/** Ask for the page anew, and with GET whatever brought it here: a form is never sent again. */
export function loadAgain() {
  location.replace(location.pathname + location.search);
}

// ------------------------------------------------------------------ new rows out of sight

// They are said on a button that leads there. Nothing moves by itself.
const unseen = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) forget(target);
  draw();
});

function forget(row) {
  unseen.delete(row);
  watcher.unobserve(row);
}

function draw() {
  const jump = document.querySelector(".jump");
  if (!jump) return;
  for (const row of unseen) if (!row.isConnected) forget(row); // taken away, or replaced
  jump.hidden = unseen.size === 0;
  const count = unseen.size === 1 ? "1 new post" : `${unseen.size} new posts`;
  jump.querySelector("[data-count]").textContent = count;
}

/** Take note of rows that came in; those already in sight are not worth a button. */
export function watch(rows) {
  for (const row of rows) {
    unseen.add(row);
    watcher.observe(row);
  }
}

/** Let the button lead to the latest; the keyboard goes along. */
export function startJump() {
  document.querySelector(".jump button")?.addEventListener("click", () => {
    const last = [...unseen].pop();
    last?.scrollIntoView({ block: "center" });
    last?.querySelector("a")?.focus({ preventScroll: true });
  });
}

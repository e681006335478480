/** Reading the feed: opens at the first unread post, and remembers on the server what was read. */

const SEEN_MS = 1000; // what is in sight for so long counts as read
const MOST = 0.6;
const TELL_MS = 2000;
const LOOK_MS = 15_000;

const list = document.querySelector("[data-view=feed]");
const form = document.querySelector("form[data-read]");

/** Show what holds from an instant on: "over", "no longer confirmed". */
function showWhatHolds() {
  for (const it of document.querySelectorAll("[data-from][hidden]")) {
    if (new Date(it.dataset.from) <= Date.now()) it.hidden = false;
  }
}

function openAtFirstUnread() {
  const rule = document.getElementById("new");
  const isFirst = rule && rule === list.querySelector(":scope > .since, :scope > [data-subject]");
  if (rule && !isFirst && !location.hash) rule.scrollIntoView({ block: "start" });
}

let readUntil = ""; // data-at of the latest post that was in sight
let told = "";
let timer = 0;
const waits = new Map(); // row: timer until it counts as read

async function tell() {
  clearTimeout(timer);
  timer = 0;
  const row = list.querySelector(`[data-at="${readUntil}"]`);
  if (!row || readUntil <= told) return;
  const answer = await fetch(form.dataset.read.replace("REFERENCE", row.dataset.subject), {
    method: "POST",
    body: new FormData(form),
    redirect: "manual",
    keepalive: true, // also while the page is left
    headers: { "X-Portal-Refresh": "1" },
  }).catch(() => null);
  if (answer?.type === "opaqueredirect") told = readUntil;
}

function isRead(row) {
  waits.delete(row);
  if (document.hidden) waits.set(row, setTimeout(isRead, SEEN_MS, row)); // nobody looks
  if (document.hidden || row.dataset.at <= readUntil) return;
  readUntil = row.dataset.at;
  timer ||= setTimeout(tell, TELL_MS);
}

/** Most of it is in sight; of one that is longer than the screen, a screen full. */
function isInSight({ intersectionRatio, intersectionRect, rootBounds }) {
  return intersectionRatio >= MOST || intersectionRect.height >= MOST * rootBounds.height;
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const row = entry.target;
      if (isInSight(entry) === waits.has(row)) continue;
      if (waits.has(row)) clearTimeout(waits.get(row)), waits.delete(row);
      else waits.set(row, setTimeout(isRead, SEEN_MS, row));
    }
  },
  { threshold: [0.1, 0.2, 0.3, 0.4, 0.5, MOST, 1] },
);

const ofPosts = (nodes) => [...nodes].filter((it) => it.dataset?.subject);

function start() {
  const first = document.getElementById("new");
  const unread = first ? ofPosts(list.children).filter((it) => first.compareDocumentPosition(it) & 4) : [];
  unread.forEach((row) => watcher.observe(row));
  new MutationObserver((changes) => {
    for (const change of changes) ofPosts(change.addedNodes).forEach((row) => watcher.observe(row));
  }).observe(list, { childList: true });
  document.addEventListener("visibilitychange", () => document.hidden && tell());
}

showWhatHolds();
setInterval(showWhatHolds, LOOK_MS);
openAtFirstUnread();
if (list && form) start();

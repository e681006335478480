/** Makes a page live: connection in words, frames into lists and regions, spoken news. */
import { io } from "../vendor/socket.io.esm.min.js";
import { clock, present, startClocks } from "./clocks.js";
import { Follower } from "./follower.js";
import { applyToLists, clearPage, loadAgain, markCurrent, startJump, watch } from "./lists.js";
import { applyToRegions, isBeingWritten } from "./regions.js";

const SPEAK_MS = 10_000;
const ASK_MS = 10_000;
const AGAIN_MS = 2000;
const ENDING_MS = 120_000;
const STANDINGS = { view: "standings" };

const start = document.body.dataset.live ? JSON.parse(document.body.dataset.live) : null;
const connection = document.getElementById("connection");
let offlineSince = null;
let isPaused = false;
let isElsewhere = false;

function show(state, words) {
  if (!connection) return;
  if (isPaused && state !== "off") [state, words] = ["pause", "Updates paused"];
  connection.dataset.state = state;
  connection.querySelector(".strip__word").textContent = words;
}

function showOffline() {
  if (isElsewhere) return;
  offlineSince ??= present();
  const zone = document.querySelector("[data-clock]")?.dataset.zone;
  show("off", `Offline since ${clock(offlineSince, zone).slice(0, 5)}`);
}

/** Newer windows are live in this one's place; whoever looks at it again makes it live, too. */
function showElsewhere() {
  isElsewhere = true;
  show("off", "Not live: open in other windows");
}

/** Take everything away and load the page again: some of it is no longer ours to see. */
function leave() {
  clearPage();
  setTimeout(loadAgain, Math.random() * 500);
}

/** Load the page again, but never over what somebody is writing; sending it loads the page, too. */
function reload() {
  if (!isBeingWritten(document.getElementById("main"))) return leave();
  isPaused = true;
  show("pause");
}

// What says that the session is about to end is fetched when it is time: most pages never need it.
const endsAt = Date.parse(document.body.dataset.ends);
if (endsAt) setTimeout(() => import("../accounts/ending.js"), Math.max(0, endsAt - Date.now() - ENDING_MS));

const news = { count: 0, timer: 0 };
let urgentAt = -SPEAK_MS;

function say(box, words) {
  document.getElementById(box).textContent = words;
}

/** Say at most once in ten seconds how much is new, and at once what is urgent, for those who listen. */
function speak(rows) {
  const urgent = rows.find((row) => row.matches(".post--urgent"));
  if (urgent && performance.now() - urgentAt >= SPEAK_MS) {
    urgentAt = performance.now();
    say("alarm", `Urgent: ${urgent.querySelector("h3").textContent.trim()}`);
  }
  news.count += 1;
  news.timer ||= setTimeout(() => {
    say("announce", news.count === 1 ? "1 new item." : `${news.count} new items.`);
    news.count = news.timer = 0;
  }, SPEAK_MS);
}

function apply(frame) {
  if (!frame.view) return;
  const rows = applyToLists(frame);
  if (rows.length) speak(rows);
  watch(rows);
  markCurrent();
  applyToRegions(frame);
}

function connect() {
  const socket = io("/live", {
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 1000,
    reconnectionDelayMax: 30_000,
    randomizationFactor: 1,
    auth: (say) => {
      show("catch", "Catching up");
      say(follower.ask());
    },
  });
  const follower = new Follower(start, {
    ask: (message) => socket.timeout(ASK_MS).emitWithAck("follow", message),
    apply,
    behind: catchUp,
    purge: leave,
    reload,
  });

  let again = 0;
  async function catchUp() {
    clearTimeout(again);
    show("catch", "Catching up");
    settle(await follower.follow());
  }

  function settle(outcome) {
    clearTimeout(again);
    if (outcome === "current") {
      offlineSince = null;
      isElsewhere = false;
      show("live", "Live");
      applyToRegions(STANDINGS); // nobody counts those: some may have been missed
    } else if (outcome === "failed" && socket.connected) {
      again = setTimeout(catchUp, AGAIN_MS);
    }
  }

  socket.on("followed", (answer) => settle(follower.take(answer)));
  socket.on("connect", () => {
    if (follower.asking) again = setTimeout(catchUp, ASK_MS); // what it asked was not answered
  });
  socket.on("entry", (frame) => follower.frame(frame));
  socket.on("presence", () => applyToRegions(STANDINGS));
  socket.on("heads", (heads) => follower.compare(heads));
  socket.on("purge", ({ room }) => follower.purge(room));
  socket.on("reload", reload);
  socket.on("closing", ({ why, retry_s: retry }) => {
    if (why === "too_many") showElsewhere();
    else if (retry === null) leave();
    else setTimeout(() => socket.connect(), (1 + Math.random()) * retry * 1000);
  });
  socket.on("disconnect", () => {
    clearTimeout(again);
    follower.lose();
    showOffline();
  });
  socket.on("connect_error", () => {
    showOffline();
    if (!socket.active) leave(); // refused: the session has ended
  });
  // Between two tries `connect` alone would go on waiting: leave, and come at once.
  const wake = () => socket.connected || socket.disconnect().connect();
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => document.hidden || wake());
}

/** A page that a refused form came back with is at no address of its own: it gets that of its subject. */
const own = document.querySelector("[data-address]")?.dataset.address;
if (own && own !== location.pathname) history.replaceState(null, "", own);

startClocks((parts) => applyToRegions({ ...STANDINGS, parts }));
startJump();
markCurrent();
if (start) connect();

/** Makes a page live: connection in words, frames into lists and regions, spoken news. */
import { io } from "../vendor/socket.io.esm.min.js";
import { clock, startClocks } from "./clocks.js";
import { Follower } from "./follower.js";
import { applyToLists, clearLists } from "./lists.js";
import { applyToRegions } from "./regions.js";

const SPEAK_MS = 10_000;
const ASK_MS = 10_000;

const start = document.body.dataset.live ? JSON.parse(document.body.dataset.live) : null;
const connection = document.getElementById("connection");
let offlineSince = null;

function show(state, words) {
  if (!connection) return;
  connection.dataset.state = state;
  connection.querySelector(".strip__word").textContent = words;
}

function showOffline() {
  offlineSince ??= new Date();
  const zone = document.querySelector("[data-clock]")?.dataset.zone;
  show("off", `Offline since ${clock(offlineSince, zone).slice(0, 5)}`);
}

/** Load the page again; where nothing would change by it at once, a little later. */
function reload() {
  clearLists();
  setTimeout(() => location.reload(), Math.random() * 500);
}

const news = { count: 0, timer: 0 };

/** Say at most once in ten seconds how much is new, for those who listen. */
function speak() {
  news.count += 1;
  news.timer ||= setTimeout(() => {
    const box = document.getElementById("announce");
    if (box) box.textContent = news.count === 1 ? "1 new item." : `${news.count} new items.`;
    news.count = news.timer = 0;
  }, SPEAK_MS);
}

function apply(frame) {
  if (!frame.view) return;
  if (applyToLists(frame)) speak();
  applyToRegions(frame);
}

function connect() {
  const socket = io("/live", {
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 1000,
    reconnectionDelayMax: 30_000,
    randomizationFactor: 1,
  });
  const follower = new Follower(start, {
    ask: (message) => socket.timeout(ASK_MS).emitWithAck("follow", message),
    apply,
    purge: reload,
    reload,
  });

  async function catchUp() {
    show("catch", "Catching up");
    const count = await follower.follow();
    if (count === null) {
      if (socket.connected && follower.asking) setTimeout(() => socket.connected && catchUp(), 2000);
      return;
    }
    offlineSince = null;
    show("live", "Live");
  }

  socket.on("connect", catchUp);
  socket.on("entry", (frame) => follower.frame(frame));
  socket.on("heads", (heads) => follower.compare(heads));
  socket.on("purge", ({ room }) => follower.purge(room));
  socket.on("reload", reload);
  socket.on("closing", ({ retry_s: retry }) => {
    if (retry === null) reload();
    else setTimeout(() => socket.connect(), (1 + Math.random()) * retry * 1000);
  });
  socket.on("disconnect", () => {
    follower.lose();
    showOffline();
  });
  socket.on("connect_error", () => {
    showOffline();
    if (!socket.active) reload(); // refused: the session has ended
  });
  const wake = () => socket.connected || socket.connect();
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => document.hidden || wake());
}

startClocks();
if (start) connect();

/** Keeps the strip's clock and every age on the page true, and sees when something is over. */
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** Word an age as the server does. */
export function age(seconds) {
  if (seconds < MINUTE) return "just now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  return `${Math.floor(seconds / DAY)} days ago`;
}

/** Word a time in the incident's zone, such as 14:05 CDT. */
export function clock(at, zone) {
  return at.toLocaleTimeString("en-US", {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
    timeZoneName: "short",
  });
}

let skew = 0;

/** The time as the server has it, whatever this device believes. */
export function present() {
  return new Date(Date.now() + skew);
}

/** Say once which parts of the page the clock has overtaken: data-until="2027-04-21T19:05:00Z". */
function sayOver(now, isOver) {
  const parts = [...document.querySelectorAll("[data-until]")].filter((it) => new Date(it.dataset.until) <= now);
  parts.forEach((it) => it.removeAttribute("data-until"));
  if (parts.length) isOver(parts);
}

function tick(isOver) {
  const now = present();
  for (const time of document.querySelectorAll("[data-clock]")) {
    time.textContent = clock(now, time.dataset.zone || "America/Chicago");
    time.dateTime = now.toISOString();
  }
  const zulu = now.toISOString();
  document.querySelectorAll("[data-zulu]").forEach((it) => (it.textContent = `${zulu.slice(11, 13)}${zulu.slice(14, 16)}Z`));
  for (const it of document.querySelectorAll("[data-age]")) {
    const whole = age(Math.max(0, Math.floor((now - new Date(it.dataset.age)) / 1000)));
    const words = "short" in it.dataset ? whole.replace(/ ago$/, "") : whole;
    if (it.textContent !== words) it.textContent = words;
  }
  for (const it of document.querySelectorAll("[data-due]")) {
    it.classList.toggle("late", new Date(it.dataset.due) <= now);
  }
  sayOver(now, isOver);
}

/**
 * Start, and tell `isOver` of parts that are. The server's clock decides: a few seconds are the
 * page's way here, not a wrong clock.
 */
export function startClocks(isOver) {
  const said = document.querySelector("[data-clock]");
  const difference = said ? new Date(said.dateTime) - Date.now() : 0;
  skew = Math.abs(difference) > 5000 ? difference : 0;
  setInterval(() => tick(isOver), 5000);
}

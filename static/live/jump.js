/** New rows below what is being read: said on a button that leads there. Nothing moves by itself. */
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

/**
 * Regions: parts of the page that are not lists, asked for anew when their subject moves.
 *
 * data-refresh="queue offers" : views whose frames concern the region.
 * data-about="OZ27-K7F3"      : the subject it is about.
 * What a person is typing is never replaced.
 */
const WAIT_MS = 150;
let timer = 0;

function concerned(frame) {
  return [...document.querySelectorAll("[data-refresh], [data-about]")].filter(
    (region) =>
      region.dataset.about === frame.subject ||
      (region.dataset.refresh ?? "").split(" ").includes(frame.view),
  );
}

function isBeingWritten(region) {
  return [...region.querySelectorAll("textarea, input:not([type=hidden]), select")].some((field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") {
      return [...field.options].some((option) => option.selected !== option.defaultSelected && option.index > 0);
    }
    return field.value !== field.defaultValue;
  });
}

function warn(region) {
  if (region.querySelector(".live-warning")) return;
  const notice = document.createElement("p");
  notice.className = "notice notice--note live-warning";
  notice.setAttribute("role", "status");
  notice.textContent = "This changed meanwhile. What you write is kept; sending it shows how it stands now.";
  region.prepend(notice);
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { "X-Portal-Refresh": "1" } });
  if (answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-refresh][id], [data-about][id]")) {
    const next = fresh.getElementById(region.id);
    if (!next || next.outerHTML === region.outerHTML) continue;
    if (isBeingWritten(region)) warn(region);
    else region.replaceWith(document.importNode(next, true));
  }
}

/** Ask for the page anew soon, if a region of it is concerned by the frame. */
export function applyToRegions(frame) {
  if (!concerned(frame).length) return;
  clearTimeout(timer);
  timer = setTimeout(() => refresh().catch(() => undefined), WAIT_MS);
}

// Says when the session is about to end, and lets it go on with one tap. A page that is not
// touched for long ends by itself; what was typed stays on the page.

const WARN_MS = 120_000;

const bar = document.getElementById("ending");
let endsAt = Date.parse(document.body.dataset.ends);
let timer = 0;

function say(words, isOver) {
  bar.querySelector("[data-words]").textContent = words;
  bar.querySelector("button").hidden = isOver;
  bar.hidden = false;
}

function look() {
  clearTimeout(timer);
  const left = endsAt - Date.now();
  if (left <= 0) {
    say("Your session has ended. Sign in again in another tab, then send what you wrote.", true);
    return;
  }
  if (left <= WARN_MS) {
    const minutes = Math.ceil(left / 60_000);
    say(`Your session ends in ${minutes === 1 ? "less than a minute" : `${minutes} minutes`}.`, false);
  } else {
    bar.hidden = true;
  }
  timer = setTimeout(look, left > WARN_MS ? Math.min(left - WARN_MS, 60_000) : 10_000);
}

async function stay() {
  const answer = await fetch(bar.dataset.stay, {
    method: "POST",
    headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content, Accept: "application/json" },
  }).catch(() => null);
  if (!answer) return say("The portal did not answer. Try once more.", false);
  const told = answer.ok && !answer.redirected ? await answer.json() : null;
  endsAt = told ? Date.parse(told.ends) : 0;
  look();
  if (told && endsAt - Date.now() <= WARN_MS) say("Your session ends soon whatever you do: send what you write.", true);
}

if (bar) {
  bar.querySelector("button").addEventListener("click", stay);
  document.addEventListener("visibilitychange", look);
  look();
}

/** What a moderator changes in an author's words, shown while they write. */

const MOST = 600; // words; beyond that it is only said that the text differs

/** Return the length of the longest common run of words from each pair of places on. */
function lengths(before, after) {
  const table = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let k = after.length - 1; k >= 0; k--) {
      table[i][k] = before[i] === after[k] ? table[i + 1][k + 1] + 1 : Math.max(table[i + 1][k], table[i][k + 1]);
    }
  }
  return table;
}

function pieces(before, after) {
  const table = lengths(before, after);
  const found = [];
  let [i, k] = [0, 0];
  while (i < before.length || k < after.length) {
    if (i < before.length && k < after.length && before[i] === after[k]) {
      found.push(["span", before[i]]);
      i++, k++;
    } else if (k === after.length || (i < before.length && table[i + 1][k] >= table[i][k + 1])) found.push(["del", before[i++]]);
    else found.push(["ins", after[k++]]);
  }
  return found;
}

/** Show beside a text what was taken out of the words before and what was put in. */
export function showDifference(field, place) {
  const split = (text) => text.split(/(?<=\s)/);
  const [before, after] = [split(field.dataset.before), split(field.value)];
  if (before.length > MOST || after.length > MOST) {
    place.textContent = "The text is long; the author sees the difference.";
    return;
  }
  place.replaceChildren(
    "Changes: ",
    ...pieces(before, after).map(([tag, word]) => Object.assign(document.createElement(tag), { textContent: word })),
  );
}

// A button that copies the text of an element, and says so. Hidden without scripts: the text can be selected.
const SAID_FOR_MS = 2500;

/** Where the page is not served over HTTPS there is no clipboard to write to, but a selection can be copied. */
async function copy(element) {
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
  const selection = getSelection();
  selection.selectAllChildren(element);
  const isCopied = document.execCommand("copy");
  selection.removeAllRanges();
  if (!isCopied) throw new Error("not copied");
}

function say(button, word, sentence) {
  const label = button.querySelector("span");
  button.dataset.word ??= label.textContent;
  label.textContent = word;
  document.getElementById("announcer").textContent = sentence;
  setTimeout(() => (label.textContent = button.dataset.word), SAID_FOR_MS);
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", () =>
    copy(document.getElementById(button.dataset.copies)).then(
      () => say(button, "Copied", "The script was copied."),
      () => say(button, "Not copied", "The browser did not let the script be copied. Select it, or download it."),
    ),
  );
}

// What is cut can be read whole: it gets a title when the pointer comes, if it does not fit its place.
document.addEventListener("pointerover", ({ target }) => {
  const box = target.closest?.(".cut, .clip, .name, td, th, h1, h2, button");
  if (box && !box.title && box.scrollWidth > box.clientWidth) box.title = box.innerText.trim();
});

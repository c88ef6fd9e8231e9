// The page works without this: here it only renews itself while somebody looks, and takes two keys.
"use strict";

const standing = document.getElementById("standing");
const live = document.getElementById("live");

if (standing && live) {
  let source = null;

  const watch = () => {
    source = new EventSource("/live");
    source.addEventListener("standing", (told) => {
      // Made by the server's templates, where all that an event says is escaped; and a script in it
      // would not run: neither a parser's document nor this page's policy lets it.
      const made = new DOMParser().parseFromString(JSON.parse(told.data), "text/html");
      const focused = document.activeElement;
      const link = focused && standing.contains(focused) ? focused.getAttribute("href") : null;
      standing.replaceChildren(...made.body.childNodes);
      if (link) [...standing.querySelectorAll("a")].find((a) => a.getAttribute("href") === link)?.focus();
      document.title = `${standing.querySelector("h1").textContent} · ${document.title.split(" · ").pop()}`;
      live.textContent = "Updates automatically.";
      live.className = "hint on";
    });
    source.addEventListener("trouble", (told) => {
      live.textContent = JSON.parse(told.data);
      live.className = "hint off";
    });
    source.onerror = () => {
      live.textContent = "Not updated: the console has ended or cannot be reached. Trying again.";
      live.className = "hint off";
    };
  };
  const rest = () => source?.close();

  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : watch()));
  if (!document.hidden) watch();
}

document.addEventListener("keydown", (pressed) => {
  const isTyping = pressed.target.closest("input, textarea, select");
  if (pressed.key === "/" && !isTyping && !pressed.ctrlKey && !pressed.metaKey && !pressed.altKey) {
    pressed.preventDefault();
    document.getElementById("find").select();
  } else if (pressed.key === "Escape" && isTyping) {
    isTyping.blur();
  }
});

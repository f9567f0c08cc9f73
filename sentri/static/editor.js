// A test on a page of its own: the same rows and keys as in a card of the review queue.
import { editing, focusOn } from "./steps.js";

document.addEventListener(
  "keydown",
  (event) => {
    if (!event.defaultPrevented && !document.querySelector("dialog[open]")) editing(event);
  },
  true,
);

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "editor") focusOn(event.detail.target);
});

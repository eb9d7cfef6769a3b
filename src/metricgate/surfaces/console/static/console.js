"use strict";
// Without this script every page works by links and forms; with it, lists follow changes and times count down.

const lists = () => document.querySelectorAll("[data-swap]");
const typing = () => document.activeElement && document.activeElement.closest("form") !== null;

async function swap() {
  const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const here of lists()) {
    const there = page.getElementById(here.id);
    if (there) here.replaceChildren(...document.adoptNode(there).childNodes);
  }
  count();
}

function tell() {
  const news = document.getElementById("news");
  if (!news) return;
  news.querySelector("a").setAttribute("href", location.href);
  news.hidden = false;
}

function listen() {
  const where = document.body.dataset.live;
  if (!where || !window.EventSource) return;
  const source = new EventSource(where);
  let first = true;
  let waiting = 0;
  source.addEventListener("changed", () => {
    // A busy gateway changes all the time: lists follow every two seconds, and other pages stay as they were read.
    if (first || !lists().length) first = false;
    else if (typing()) tell();
    else if (!waiting) {
      waiting = setTimeout(() => {
        waiting = 0;
        if (typing()) tell();
        else swap().catch(tell);
      }, 2000);
    }
  });
  source.addEventListener("over", () => {
    source.close();
    tell();
  });
}

function words(seconds) {
  const far = Math.abs(seconds);
  const pad = (number) => String(number).padStart(2, "0");
  const clock = far >= 3600
    ? `${Math.floor(far / 3600)}:${pad(Math.floor((far % 3600) / 60))}:${pad(far % 60)}`
    : `${Math.floor(far / 60)}:${pad(far % 60)}`;
  return seconds > 0 ? `${clock} left` : "over";
}

function count() {
  for (const each of document.querySelectorAll("[data-until]")) {
    const seconds = Math.round((Date.parse(each.dataset.until) - Date.now()) / 1000);
    each.textContent = words(seconds);
    each.classList.toggle("soon", seconds < 120);
  }
}

listen();
count();
setInterval(count, 1000);

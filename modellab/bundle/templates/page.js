"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const STEP_S = 5;
  const duration = Number(document.body.dataset.duration);
  const audio = $("audio");
  const lines = [...document.querySelectorAll(".line")];
  const words = [...document.querySelectorAll(".line [data-t]")];
  const starts = Float64Array.from(words, (word) => Number(word.dataset.t));
  const sorted = [...words.keys()].sort((a, b) => starts[a] - starts[b]);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  document.documentElement.classList.add("scripted");
  $("player").hidden = false;
  for (const element of document.querySelectorAll("[data-language]")) {
    try {
      element.textContent = new Intl.DisplayNames(["en"], { type: "language" }).of(element.dataset.language);
    } catch { /* an unknown code stays as it is */ }
  }

  const embedded = $("audio-data");
  if (embedded) {
    const binary = atob(embedded.textContent);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    audio.src = URL.createObjectURL(new Blob([bytes], { type: audio.dataset.type }));
    embedded.remove();
  } else {
    audio.src = audio.dataset.file;
  }
  audio.addEventListener("error", () => {
    $("problem").textContent = embedded
      ? "This browser can't play the recording."
      : "The recording can't be played: " + decodeURIComponent(audio.dataset.file) + " must lie in the folder of this page.";
    $("problem").hidden = false;
  });

  function clock(seconds) {
    const whole = Math.floor(seconds);
    const two = (n) => String(n).padStart(2, "0");
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return h ? h + ":" + two(m) + ":" + two(s) : m + ":" + two(s);
  }

  // Playing

  let follow = true;
  function setFollow(on) {
    follow = on;
    $("follow").setAttribute("aria-pressed", String(on));
  }
  const chapters = [...document.querySelectorAll(".chapters a")];
  function seek(time, play) {
    audio.currentTime = Math.min(Math.max(time, 0), duration);
    setFollow(true);
    if (play) audio.play().catch(() => {});
    show();
  }
  function toggle() {
    if (audio.paused) audio.play().catch(() => {});
    else audio.pause();
  }
  $("play").addEventListener("click", toggle);
  for (const event of ["play", "pause"]) {
    audio.addEventListener(event, () => {
      $("play").classList.toggle("playing", !audio.paused);
      $("play").setAttribute("aria-label", audio.paused ? "Play" : "Pause");
      if (!audio.paused) requestAnimationFrame(tick);
    });
  }
  for (const event of ["seeked", "timeupdate", "ended"]) audio.addEventListener(event, () => show());
  $("seek").addEventListener("input", () => seek(Number($("seek").value), false));
  $("speed").addEventListener("change", () => { audio.playbackRate = Number($("speed").value); });
  $("follow").addEventListener("click", () => { setFollow(!follow); show(); });
  for (const event of ["wheel", "touchmove"]) addEventListener(event, () => { if (!audio.paused) setFollow(false); }, { passive: true });

  function tick() {
    show();
    if (!audio.paused) requestAnimationFrame(tick);
  }

  // The word and the line at the present time

  function wordAt(time) {
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[sorted[middle]] <= time + 0.005) low = middle + 1;
      else high = middle;
    }
    return low ? words[sorted[low - 1]] : null;
  }
  let currentWord = null, currentLine = null, currentChapter;
  function show() {
    const time = audio.currentTime;
    const percent = duration ? 100 * Math.min(time / duration, 1) : 0;
    $("position").textContent = clock(time);
    $("seek").value = String(time);
    $("seek").setAttribute("aria-valuetext", clock(time) + " of " + clock(duration));
    $("veil").hidden = time === 0 && audio.paused;
    $("seek").style.setProperty("--played", percent + "%");
    $("veil").style.left = percent + "%";
    let word = wordAt(time);
    let line = word ? word.closest(".line") : null;
    if (line && time > Number(line.dataset.end) + 0.3) word = line = null;
    if (time === 0 && audio.paused) word = line = null;
    if (word !== currentWord) {
      currentWord?.classList.remove("now");
      word?.classList.add("now");
      currentWord = word;
    }
    if (line !== currentLine) {
      currentLine?.classList.remove("now");
      currentLine?.removeAttribute("aria-current");
      line?.classList.add("now");
      line?.setAttribute("aria-current", "true");
      currentLine = line;
    }
    const chapter = time === 0 && audio.paused ? undefined : chapters.findLast((each) => Number(each.dataset.t) <= time + 0.005);
    if (chapter !== currentChapter) {
      currentChapter?.removeAttribute("aria-current");
      chapter?.setAttribute("aria-current", "true");
      currentChapter = chapter;
    }
    if (follow && word && !audio.paused) keepInView(word);
  }
  let scrolledTo = null;
  function keepInView(word) {
    if (scrolledTo === word) return;
    scrolledTo = word;
    const box = word.getBoundingClientRect();
    if (box.top < 90 || box.bottom > innerHeight - 150) {
      scrollBy({ top: box.top - innerHeight * 0.35, behavior: calm.matches ? "auto" : "smooth" });
    }
  }

  // Hearing a moment: words, lines, the timeline, and any link to #t=seconds

  document.addEventListener("click", (event) => {
    const proof = event.target.closest('a[href^="#"][data-t]');
    if (proof) {
      event.preventDefault();
      visit(proof);
      return;
    }
    const link = event.target.closest('a[href^="#t="]');
    if (link) {
      event.preventDefault();
      seek(Number(link.getAttribute("href").slice(3)), true);
      return;
    }
    const line = event.target.closest(".line");
    if (line && getSelection().isCollapsed) {
      const word = event.target.closest("[data-t]");
      seek(Number(word ? word.dataset.t : line.dataset.start), true);
    }
  });
  // A link to what a line or a chapter rests on: its words are marked and heard, and Back leads back to the link.
  const proofs = [...document.querySelectorAll('a[href^="#"][data-t]')];
  let cited = [];
  function visit(link) {
    const target = document.querySelector(link.getAttribute("href"));
    if (location.hash !== link.hash) {
      history.replaceState({ left: proofs.indexOf(link) }, "");
      history.pushState(null, "", link.hash);
    }
    for (const word of cited) word.classList.remove("cited");
    const [first, end] = (link.dataset.words ?? "0 0").split(" ").map(Number);
    cited = words.slice(first, end);
    for (const word of cited) word.classList.add("cited");
    seek(Number(link.dataset.t), true);
    const place = target.matches(".line") ? target.querySelector(".time") : target;
    place.focus({ preventScroll: true });
    (cited[0] ?? target).scrollIntoView({ block: cited.length ? "center" : "start", behavior: calm.matches ? "auto" : "smooth" });
  }
  addEventListener("popstate", (event) => {
    const link = proofs[event.state?.left];
    setFollow(false);
    link?.focus({ preventScroll: true });
    link?.scrollIntoView({ block: "center" });
  });

  $("track").addEventListener("click", (event) => {
    const box = $("track").getBoundingClientRect();
    seek(duration * (event.clientX - box.left) / box.width, !audio.paused);
  });
  function fromAddress() {
    const match = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
    if (match) seek(Number(match[1]), false);
    const place = /^#[cl]\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (place) seek(Number(place.dataset.start), false);
  }
  addEventListener("hashchange", () => { if (!history.state) fromAddress(); });
  audio.addEventListener("loadedmetadata", fromAddress, { once: true });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, button, a, textarea") && !(event.altKey && event.target.matches("a"))) return;
    if (event.altKey) {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      const next = event.key === "ArrowDown";
      const time = audio.currentTime;
      const line = next
        ? lines.find((each) => Number(each.dataset.start) > time + 0.05)
        : lines.findLast((each) => Number(each.dataset.start) < time - 1);
      if (line) seek(Number(line.dataset.start), !audio.paused);
    } else if (event.key === " ") toggle();
    else if (event.key === "ArrowLeft") seek(audio.currentTime - STEP_S, false);
    else if (event.key === "ArrowRight") seek(audio.currentTime + STEP_S, false);
    else return;
    event.preventDefault();
  });

  // Search

  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  let texts = null;
  function lineTexts() {
    texts ??= lines.map((line) => {
      const pieces = [];
      let text = "";
      for (const node of line.querySelector("p").childNodes) {
        const start = text.length;
        text += fold(node.textContent);
        if (node.nodeType === Node.ELEMENT_NODE) pieces.push([start, text.length, node]);
      }
      return { text, pieces };
    });
    return texts;
  }
  let matches = [], chosen = -1;
  function mark(index) {
    for (const word of matches[chosen] ?? []) word.classList.remove("chosen");
    chosen = index;
    const match = matches[chosen];
    if (match) {
      for (const word of match) word.classList.add("chosen");
      setFollow(false);
      match[0].scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
    }
    $("found").textContent = !fold($("search").value).trim() ? ""
      : matches.length ? chosen + 1 + " of " + matches.length : "Not found";
  }
  function search() {
    for (const match of matches) for (const word of match) word.classList.remove("hit", "chosen");
    matches = [];
    chosen = -1;
    const query = fold($("search").value).trim().replace(/\s+/g, " ");
    if (query) {
      for (const { text, pieces } of lineTexts()) {
        for (let at = text.indexOf(query); at >= 0; at = text.indexOf(query, at + query.length)) {
          matches.push(pieces.filter(([start, end]) => start < at + query.length && end > at).map(([, , word]) => word));
        }
      }
      for (const match of matches) for (const word of match) word.classList.add("hit");
    }
    $("previous").disabled = $("next").disabled = !matches.length;
    mark(matches.length ? 0 : -1);
  }
  const step = (by) => { if (matches.length) mark((chosen + by + matches.length) % matches.length); };
  $("search")?.addEventListener("input", search);
  $("search")?.addEventListener("keydown", (event) => {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") { $("search").value = ""; search(); }
    else return;
    event.preventDefault();
  });
  $("next")?.addEventListener("click", () => step(1));
  $("previous")?.addEventListener("click", () => step(-1));
})();

// The web vitals of one document, told as they become known: a page that is left has no time for a last word.
(() => {
  const tell = globalThis.sentriVitals;
  delete globalThis.sentriVitals;
  if (!tell || window !== window.top || !location.protocol.startsWith("http")) return;

  // Its callbacks come when the page has long had its way with what they are written with.
  const within = window.__sentri || ((work) => work());
  const Soon = Promise;
  const later = setTimeout;
  const frame = requestAnimationFrame;
  const key = `${performance.timeOrigin}-${Math.random()}`;
  const path = location.pathname;
  const slowest = [];
  const shifts = { worst: 0, sum: 0, first: 0, last: 0 };
  let lcp = null;
  let first = null;
  let told = "";
  let enough = false;

  const readers = {
    "largest-contentful-paint": (entry) => {
      lcp = entry.startTime;
    },
    // Shifts less than a second apart form one window of five seconds at most; the worst window counts.
    "layout-shift": (entry) => {
      if (entry.hadRecentInput) return;
      const goesOn = entry.startTime - shifts.last < 1000 && entry.startTime - shifts.first < 5000;
      if (!shifts.sum || !goesOn) Object.assign(shifts, { sum: 0, first: entry.startTime });
      shifts.sum += entry.value;
      shifts.last = entry.startTime;
      shifts.worst = Math.max(shifts.worst, shifts.sum);
    },
    event: interaction,
    "first-input": (entry) => {
      first = entry.duration;
    },
  };

  function interaction(entry) {
    if (!entry.interactionId) return;
    const known = slowest.find((one) => one.id === entry.interactionId);
    if (known) known.duration = Math.max(known.duration, entry.duration);
    else slowest.push({ id: entry.interactionId, duration: entry.duration });
    slowest.sort((one, other) => other.duration - one.duration).splice(10);
  }

  // Of every fifty interactions the slowest is left out: about the 98th percentile. Those that took no time are not
  // reported, except for the first.
  function inp() {
    const left = Math.min(slowest.length - 1, Math.floor((performance.interactionCount || 0) / 50));
    return slowest.length ? slowest[left].duration : first;
  }

  function ttfb() {
    const [navigation] = performance.getEntriesByType("navigation");
    return navigation && navigation.responseStart > 0 ? navigation.responseStart : null;
  }

  const observers = Object.entries(readers).map(([type, read]) => {
    const take = (entries) => {
      entries.forEach(read);
    };
    const observer = new PerformanceObserver((list) => {
      within(() => {
        take(list.getEntries());
        say();
      });
    });
    observer.observe({ type, buffered: true, durationThreshold: 16 });
    return () => take(observer.takeRecords());
  });

  function say() {
    for (const take of observers) take();
    const text = JSON.stringify({ key, path, lcp, cls: shifts.worst, inp: inp(), ttfb: ttfb() });
    if (text !== told) tell((told = text));
    enough = lcp !== null && (!performance.interactionCount || inp() !== null);
  }

  function sayAll() {
    within(say);
  }

  // What was painted or pressed last is timed with a frame that may be still to come.
  async function lastWord() {
    for (let frames = 0; frames < 6; frames += 1) {
      await new Soon((done) => {
        frame(() => later(done));
        later(done, 50);
      });
      sayAll();
      if (enough) break;
    }
    return told;
  }

  document.addEventListener("DOMContentLoaded", sayAll);
  document.addEventListener("visibilitychange", sayAll);
  window.addEventListener("pagehide", sayAll);
  if (window.navigation) window.navigation.addEventListener("navigate", sayAll);
  window.addEventListener("sentri:vitals", (asked) => {
    if (asked.detail) asked.detail.told = lastWord();
  });
})();

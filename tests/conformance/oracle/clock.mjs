// SPDX-License-Identifier: MIT
//
// A clock that stands still until it is moved. It replaces setTimeout, clearTimeout and Date.now of
// the whole program, so it is imported before anything that keeps time.

let now = 0;
let nextId = 1;
const timers = new Map();

globalThis.setTimeout = (callback, ms = 0) => {
  const id = nextId++;
  timers.set(id, { at: now + Math.max(0, ms), id, callback });
  return id;
};
globalThis.clearTimeout = (id) => timers.delete(id);
Date.now = () => now;

const earliest = () => {
  let first = null;
  for (const timer of timers.values()) {
    if (first === null || timer.at < first.at || (timer.at === first.at && timer.id < first.id)) {
      first = timer;
    }
  }
  return first;
};

export const clock = {
  get now() { return now; },
  deadline: (id) => timers.get(id)?.at ?? Infinity,
  restart() {
    now = 0;
    timers.clear();
  },
  // Runs each timer at its own time; those of one time in the order in which they were set.
  advance(ms) {
    const end = now + ms;
    for (let timer = earliest(); timer !== null && timer.at <= end; timer = earliest()) {
      timers.delete(timer.id);
      now = Math.max(now, timer.at);
      timer.callback();
    }
    now = end;
  },
};

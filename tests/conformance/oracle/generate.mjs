// SPDX-License-Identifier: MIT
//
// Random scripts. The generator watches phoenix.js while it goes, so that it can answer what was
// sent, and so that it keeps away from where the two clients differ on purpose: each such place
// names the rule of rules.h that speaks of it.
import { createOracle } from "./oracle.mjs";
import { createRandom } from "./random.mjs";
import { serverFrame } from "./server.mjs";
import { READY_STATE } from "./transport.mjs";

const TOPICS = ["room:1", "room:2", "room:3", "user:7", "feed:Grüße", "community:feed"];
const EVENTS = ["shout", "ping", "typing", "new \"msg\"", "ö"];
const PAYLOADS = [{}, { a: 1 }, { text: "héllo \"x\"\n" },
  { nested: { list: [1, 2, { b: null }] } }];
const CLOSE_CODES = [1000, 1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 3410, 4000];
const WAITS = [0, 1, 9, 10, 11, 50, 99, 150, 200, 250, 499, 500, 999, 1000, 1001, 1999, 2000, 3333,
  4999, 5000, 7000, 9999, 10000, 10001, 15000, 29999, 30000, 31000, 61000];
const TIMEOUTS = [300, 2500, 20000];
const MAX_CHANNELS = 24; // joins_are_paced: below the number of joins that may be in flight

const isLive = ({ channel }) => channel.state !== "closed";

// A script has a temper of its own, so that some stay joined for long and some never do.
const createTemper = (random) => ({
  connectivity: random.pick([4, 12, 40]),
  drops: random.pick([0, 2, 6]),
  disconnects: random.pick([0, 1, 3]),
  server: random.pick([30, 60, 120]),
  honesty: random.pick([50, 80, 95]),
  time: random.pick([5, 15, 30]),
  pushes: random.pick([5, 20]),
  wait: random.pick([2000, 11000, 100000]),
});

// connect_while_waiting, one_connection_at_a_time, late_close_of_an_old_connection: phoenix.js is
// only asked to connect where it neither ignores that nor opens a connection too many.
// connect_before_a_reconnect: nor while an attempt is due of which the new connection knows
// nothing.
const mayConnect = ({ socket, deadline }) => {
  const { conn, disconnecting, reconnectTimer } = socket;
  if (!conn) {
    return deadline(reconnectTimer.timer) === Infinity;
  }
  const { CLOSED, OPEN } = READY_STATE;
  return disconnecting ? conn.readyState === CLOSED : conn.readyState <= OPEN;
};

// one_channel_per_topic: a second channel only where phoenix.js leaves the first.
const mayJoin = (oracle, topic) => oracle.channels.length < MAX_CHANNELS &&
  oracle.channels.every((entry) => entry.topic !== topic || !isLive(entry) ||
    entry.channel.state === "joined" || entry.channel.state === "joining");

// join_timeout_counts_from_the_sending: a join that waited in phoenix.js's buffer is answered
// before it times out there.
const overdueJoin = (oracle, ms) => oracle.channels.findIndex(({ channel }) => {
  if (channel.state !== "joining" || !oracle.isOpen()) {
    return false;
  }
  const deadline = oracle.deadline(channel.joinPush.timeoutTimer);
  const join = oracle.sent.find((frame) => frame.ref === channel.joinRef());
  return deadline <= oracle.now() + ms && deadline !== join.at + channel.joinPush.timeout;
});

const answerJoin = (oracle, number) => {
  const { channel, topic } = oracle.channels[number];
  const ref = channel.joinRef();
  const payload = { status: number % 3 === 0 ? "error" : "ok", response: {} };
  return ["frame", JSON.stringify([ref, ref, topic, "phx_reply", payload])];
};

const timeStep = (oracle, random, temper) => {
  const ms = random.pick(WAITS.filter((wait) => wait <= temper.wait));
  const overdue = overdueJoin(oracle, ms);
  return overdue < 0 ? ["time", ms] : answerJoin(oracle, overdue);
};

const joinStep = (oracle, random) => {
  const topic = random.pick(TOPICS);
  if (!mayJoin(oracle, topic)) {
    return null;
  }
  const timeout = random.chance(25) ? random.pick(TIMEOUTS) : 10000;
  return ["join", oracle.channels.length, topic, random.pick(PAYLOADS), timeout];
};

const pushStep = (oracle, random) => {
  const live = oracle.channels.flatMap((entry, number) =>
    isLive(entry) || random.chance(3) ? [number] : []);
  if (live.length === 0) {
    return null;
  }
  const payload = random.chance(15) ? random.pick(["", "00", "0102ff"]) : random.pick(PAYLOADS);
  const timeout = random.chance(25) ? random.pick(TIMEOUTS) : 10000;
  return ["push", oracle.pushes.length, random.pick(live), random.pick(EVENTS), payload, timeout];
};

const leaveStep = (oracle, random) => {
  // leave_twice: only of channels that are there.
  const live = oracle.channels.flatMap((entry, number) => isLive(entry) ? [number] : []);
  return live.length === 0 ? null : ["leave", random.pick(live)];
};

// disconnect_is_final: where a heartbeat of phoenix.js would come due while a close is under way,
// the close takes no time.
const disconnectStep = ({ socket, deadline, now }, random) => {
  const isQuiet = [socket.heartbeatTimer, socket.heartbeatTimeoutTimer]
    .every((timer) => deadline(timer) === Infinity || deadline(timer) > now() + 2000);
  return ["disconnect", isQuiet ? random.pick([0, 0, 20, 200]) : 0];
};

const options = (oracle, random, temper) => {
  const { socket } = oracle;
  const isOpen = oracle.isOpen();
  const isConnecting = oracle.isConnecting();
  const isIdle = !socket.conn;
  const list = [
    [temper.time, () => timeStep(oracle, random, temper)],
    [oracle.channels.length === 0 ? 20 : 4, () => joinStep(oracle, random)],
    [temper.pushes, () => pushStep(oracle, random)],
    [2, () => leaveStep(oracle, random)],
    [isIdle ? 30 : 1, () => mayConnect(oracle) ? ["connect"] : null],
    [temper.disconnects, () => disconnectStep(oracle, random)],
  ];
  if (isConnecting) {
    list.push([temper.connectivity, () => ["open"]], [2, () => ["drop"]]);
  }
  if (isOpen) {
    list.push(
      [temper.server, () => serverFrame(oracle, random, temper.honesty)],
      [temper.drops, () => random.chance(50) ? ["drop"] : ["close", random.pick(CLOSE_CODES)]],
    );
  }
  return list.filter(([weight]) => weight > 0);
};

// A script with the effects that phoenix.js shows: { seed, steps: [[name, fact…, effects]] }.
export const generate = (Socket, seed) => {
  const random = createRandom(seed);
  const temper = createTemper(random);
  const oracle = createOracle(Socket);
  const length = 50 + random.below(151);
  const steps = [];
  while (steps.length < length) {
    const step = random.weighted(options(oracle, random, temper))();
    if (step !== null) {
      const text = JSON.stringify(step);
      steps.push([...JSON.parse(text), oracle.apply(JSON.parse(text))]);
    }
  }
  return { seed, steps };
};

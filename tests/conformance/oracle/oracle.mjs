// SPDX-License-Identifier: MIT
//
// phoenix.js, driven by the steps of a script. Each step yields its effects: what was sent, when,
// and in which states everything is after it. README.md says what steps and effects look like.
import { clock } from "./clock.mjs";
import { READY_STATE, transportClass } from "./transport.mjs";

const hex = (buffer) => Buffer.from(buffer).toString("hex");
const unhex = (text) => Uint8Array.from(Buffer.from(text, "hex")).buffer;

export const createOracle = (Socket) => {
  clock.restart();
  let effects = [];
  let stepBegan = 0;
  let isFlushing = false;
  const channels = []; // { channel, topic, state }, by the script's number
  const pushes = []; // { push, channel }, by the script's number
  let socketState = "closed";
  const sent = []; // every frame: { connection, ref, joinRef, topic, event, at }
  let connection = 0;

  const note = (kind, ...facts) => effects.push([kind, clock.now - stepBegan, ...facts]);

  const remember = (data) => {
    if (typeof data === "string") {
      const [joinRef, ref, topic, event] = JSON.parse(data);
      sent.push({ connection, ref, joinRef, topic, event, at: clock.now });
      note(isFlushing ? "F" : "f", data);
    } else {
      const bytes = new Uint8Array(data);
      const text = (from, length) => new TextDecoder().decode(bytes.slice(from, from + length));
      const [, j, r, t, e] = bytes;
      sent.push({
        connection, joinRef: text(5, j), ref: text(5 + j, r), topic: text(5 + j + r, t),
        event: text(5 + j + r + t, e), at: clock.now,
      });
      note("b", hex(data));
    }
  };

  const Transport = transportClass((kind, ...facts) => {
    if (kind === "open") {
      connection++;
      note("o");
    } else if (kind === "send") {
      remember(facts[0]);
    } else if (facts[1]) {
      note("x", facts[0]);
    }
  });
  const socket = new Socket("ws://phoenix.test/socket", { transport: Transport });
  const flush = socket.flushSendBuffer.bind(socket);
  socket.flushSendBuffer = () => {
    isFlushing = true;
    try {
      flush();
    } finally {
      isFlushing = false;
    }
  };

  const isInternal = (event) => event === null || event === undefined ||
    event.startsWith("phx_") || event.startsWith("chan_reply_");

  const join = (topic, params, timeout) => {
    const number = channels.length;
    const channel = socket.channel(topic, params);
    channels.push({ channel, topic, state: "closed" });
    channel.onMessage = (event, payload) => {
      if (!isInternal(event)) {
        const body = payload instanceof ArrayBuffer ? "0x" + hex(payload) : JSON.stringify(payload);
        note("m", number, event, body ?? "null", channel.state);
      }
      return payload;
    };
    channel.join(timeout);
  };

  const push = (number, channelNumber, event, payload, timeout) => {
    const { channel } = channels[channelNumber];
    const body = typeof payload === "string" ? unhex(payload) : payload;
    const made = channel.push(event, body, timeout);
    pushes[number] = { push: made, channel: channelNumber };
    // Every status counts, so this looks at the matching itself rather than at hooks by name.
    const match = made.matchReceive.bind(made);
    made.matchReceive = (reply) => {
      note("p", number, String(reply.status));
      match(reply);
    };
  };

  const steps = {
    connect: () => socket.connect(),
    disconnect: (latency) => {
      const before = Transport.closeLatency;
      Transport.closeLatency = latency;
      socket.disconnect();
      Transport.closeLatency = before;
    },
    slow_closes: (latency) => { Transport.closeLatency = latency; },
    open: () => Transport.latest.opened(),
    close: (code) => Transport.latest.end(code),
    drop: () => Transport.latest.dropped(),
    frame: (text) => Transport.latest.received(text),
    binary: (text) => Transport.latest.received(unhex(text)),
    time: (ms) => clock.advance(ms),
    join: (_number, topic, params, timeout) => join(topic, params, timeout),
    push,
    leave: (number) => channels[number].channel.leave(),
  };

  const noteStates = () => {
    const state = socket.connectionState();
    if (state !== socketState) {
      socketState = state;
      effects.push(["s", state]);
    }
    channels.forEach((entry, number) => {
      if (entry.channel.state !== entry.state) {
        entry.state = entry.channel.state;
        effects.push(["c", number, entry.state]);
      }
    });
  };

  return {
    socket, channels, pushes, sent,
    get connection() { return connection; },
    get transport() { return Transport.latest; },
    now: () => clock.now,
    deadline: clock.deadline,
    isOpen: () => socket.isConnected(),
    isConnecting: () => socket.conn?.readyState === READY_STATE.CONNECTING,
    // Does one step and returns its effects.
    apply([name, ...facts]) {
      effects = [];
      stepBegan = clock.now;
      steps[name](...facts);
      noteStates();
      return effects;
    },
  };
};

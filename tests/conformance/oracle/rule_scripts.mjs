// SPDX-License-Identifier: MIT
//
// One script for each rule of rules.h, as short as it can be, that shows the difference.
import { createOracle } from "./oracle.mjs";

const PARAMS = { a: 1 };

// What the scripts below are written with: each call is a step.
const createWriter = (Socket) => {
  const oracle = createOracle(Socket);
  const steps = [];
  const run = (...step) => {
    const text = JSON.stringify(step);
    steps.push([...JSON.parse(text), oracle.apply(JSON.parse(text))]);
  };
  const joinRef = (number) => oracle.channels[number].channel.joinRef();
  const topic = (number) => oracle.channels[number].topic;
  const frame = (...fields) => run("frame", JSON.stringify(fields));
  const writer = {
    steps, run, frame, joinRef, topic,
    lastRef: () => oracle.sent.at(-1).ref,
    time: (ms) => run("time", ms),
    online: () => { run("connect"); run("open"); },
    join: (number, name = "room:1", timeout = 10000) => run("join", number, name, PARAMS, timeout),
    push: (number, channel = 0, timeout = 10000) =>
      run("push", number, channel, "shout", PARAMS, timeout),
    answer: (number, status = "ok", response = {}) =>
      frame(joinRef(number), joinRef(number), topic(number), "phx_reply", { status, response }),
    crash: (number) => frame(joinRef(number), joinRef(number), topic(number), "phx_error", {}),
    joined: (number = 0) => {
      writer.online();
      writer.join(number);
      writer.answer(number);
    },
  };
  return writer;
};

const normalised = {
  nothing_is_buffered_by_the_socket(w) {
    w.run("connect");
    w.join(0);
    w.run("drop");
    w.time(10);
    w.run("open");
    w.answer(0);
  },
  joins_at_an_open_in_one_order(w) {
    w.joined(0);
    w.run("drop");
    w.time(10);
    w.join(1, "room:2");
    w.run("open");
    w.time(10000);
  },
  no_leave_without_a_join(w) {
    w.joined();
    w.crash(0);
    w.run("leave", 0);
  },
  disconnect_says_1000(w) {
    w.online();
    w.run("disconnect", 0);
  },
  leaving_is_a_state(w) {
    w.joined();
    w.run("leave", 0);
    w.frame(w.joinRef(0), w.lastRef(), w.topic(0), "phx_reply", { status: "ok", response: {} });
  },
  joining_until_open(w) {
    w.join(0);
    w.time(10000);
    w.run("connect");
    w.run("open");
  },
  disconnect_ends_channels_at_once(w) {
    w.joined();
    w.run("disconnect", 20);
    w.time(20);
  },
  pushes_end_at_a_drop(w) {
    w.joined();
    w.push(0);
    w.run("drop");
    w.time(10000);
  },
  pushes_end_at_a_crash(w) {
    w.joined();
    w.push(0);
    w.crash(0);
    w.time(500);
  },
  pushes_end_with_their_channel(w) {
    w.joined();
    w.push(0);
    w.run("leave", 0);
    w.push(1);
    w.time(10000);
  },
  timeout_counts_from_the_push(w) {
    w.online();
    w.join(0);
    w.push(0);
    w.time(5000);
    w.answer(0);
    w.time(10000);
  },
  errored_channels_hear_nothing(w) {
    w.joined();
    w.crash(0);
    w.frame(null, null, w.topic(0), "shout", {});
  },
};

const avoided = {
  connect_while_waiting(w) {
    w.online();
    w.run("drop");
    w.run("connect");
  },
  connect_before_a_reconnect(w) {
    w.online();
    w.time(60000);
    w.run("connect");
    w.time(1000);
  },
  one_connection_at_a_time(w) {
    w.online();
    w.run("disconnect", 20);
    w.run("connect");
    w.run("connect");
  },
  late_close_of_an_old_connection(w) {
    w.online();
    w.run("disconnect", 200);
    w.run("connect");
    w.run("open");
    w.join(0);
    w.answer(0);
    w.time(200);
  },
  one_channel_per_topic(w) {
    w.joined();
    w.crash(0);
    w.join(1);
    w.answer(1);
    w.time(1000);
  },
  join_timeout_counts_from_the_sending(w) {
    w.run("connect");
    w.join(0);
    w.time(9000);
    w.run("open");
    w.time(1000);
  },
  leave_twice(w) {
    w.joined();
    w.run("leave", 0);
    w.run("leave", 0);
  },
  permanent_refusals(w) {
    w.online();
    w.join(0);
    w.answer(0, "error", { reason: "not_a_member" });
    w.time(1000);
  },
  odd_join_status(w) {
    w.online();
    w.join(0);
    w.answer(0, "maybe");
    w.time(1000);
  },
  crash_needs_a_join(w) {
    w.joined();
    w.crash(0);
    w.time(500);
    w.frame(null, null, w.topic(0), "phx_error", {});
    w.time(500);
  },
  close_while_joining(w) {
    w.online();
    w.join(0);
    w.frame(w.joinRef(0), w.joinRef(0), w.topic(0), "phx_close", {});
    w.time(11000);
  },
  crashed_join_is_over(w) {
    w.joined();
    w.crash(0);
    w.frame(w.joinRef(0), w.joinRef(0), w.topic(0), "phx_close", {});
  },
  joins_are_paced(w) {
    w.online();
    for (let i = 0; i < 40; i++) {
      w.join(i, `room:${i}`);
    }
  },
  dead_link_is_not_awaited(w) {
    w.online();
    w.run("slow_closes", 1000);
    w.time(62000);
  },
  disconnect_silences(w) {
    w.joined();
    w.run("disconnect", 200);
    w.frame(w.joinRef(0), null, w.topic(0), "shout", {});
  },
  numeric_refs(w) {
    w.joined();
    w.frame(Number(w.joinRef(0)), null, w.topic(0), "shout", {});
  },
  heartbeat_is_answered_by_a_reply(w) {
    w.online();
    w.time(30000);
    w.frame(null, w.lastRef(), "room:1", "shout", {});
    w.time(30010);
  },
  reply_without_status(w) {
    w.joined();
    w.push(0);
    w.frame(w.joinRef(0), w.lastRef(), w.topic(0), "phx_reply", { response: {} });
    w.time(10000);
  },
};

// These show our own settings, those of phx_client.
const asPhxClient = {
  disconnect_is_final(w) {
    w.online();
    w.run("disconnect", -1);
    w.time(70000);
  },
  refused_pushes_count_on(w) {
    w.joined();
    for (let i = 0; i < 65; i++) {
      w.push(i);
    }
  },
  other_frames_show_life(w) {
    w.joined();
    w.time(30000);
    w.time(1);
    w.frame(null, null, w.topic(0), "shout", {});
    w.time(30010);
  },
  dead_links_are_found_sooner(w) {
    w.online();
    w.time(40000);
  },
  every_close_reconnects(w) {
    w.online();
    w.run("close", 1000);
    w.time(10);
  },
  attempts_end(w) {
    w.run("connect");
    w.time(12000);
  },
};

export const ruleScripts = (Socket) => {
  const write = (profile) => ([rule, build]) => {
    const writer = createWriter(Socket);
    build(writer);
    return { rule, ...profile, steps: writer.steps };
  };
  const jitter = {
    backoff_is_remembered(w) {
      w.online();
      for (let i = 0; i < 3; i++) {
        w.run("drop");
        w.time(10);
        w.run("open");
      }
    },
  };
  return [
    ...Object.entries({ ...normalised, ...avoided }).map(write({})),
    ...Object.entries(asPhxClient).map(write({ profile: "phx_client" })),
    ...Object.entries(jitter).map(write({ profile: "jitter" })),
  ];
};

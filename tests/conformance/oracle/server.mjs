// SPDX-License-Identifier: MIT
//
// What a server says in random scripts: right answers, late ones, wrong ones, and nonsense.

const STALE = ["1", "999999", "18446744073709551615"];
const MALFORMED = ["", "{", "nonsense", "null", "7", "\"text\"", "{\"a\":1}", "[", "[]", "[1,2]",
  "[null,null,\"room:1\"", "[null,null,7,8,9]", "\u00ff", "[\"1\",\"1\",\"room:1\",\"shout\",{}"];
const REASONS = ["busy", "join crashed", "too many channels joined"];

const bytes = (...parts) => parts.map((part) =>
  typeof part === "number" ? part.toString(16).padStart(2, "0") : Buffer.from(part).toString("hex"))
  .join("");
const size = (text) => Buffer.byteLength(text);

// The refs of a channel's frames that are of no use any more.
const staleRef = (oracle, random) => {
  const gone = oracle.sent.filter(({ connection }) => connection < oracle.connection);
  return gone.length > 0 && random.chance(70) ? random.pick(gone).ref : random.pick(STALE.slice(1));
};

const text = (...fields) => ["frame", JSON.stringify(fields)];

const replyTo = (oracle, random, frame) => {
  const isHeartbeat = frame.topic === "phoenix";
  const isOk = isHeartbeat || random.chance(75);
  // permanent_refusals, odd_join_status: joins are refused for a while only, and by "error".
  const isJoin = frame.event === "phx_join";
  const status = isOk ? "ok" : isJoin || random.chance(70) ? "error" : "maybe";
  const response = status === "error" ? { reason: random.pick(REASONS) } : { n: random.below(9) };
  const joinRef = isHeartbeat || random.chance(15) ? null : frame.joinRef;
  if (!isJoin && !isHeartbeat && random.chance(10)) {
    const j = joinRef ?? "";
    return ["binary", bytes(1, size(j), size(frame.ref), size(frame.topic), size(status),
      j, frame.ref, frame.topic, status, "\u0001raw")];
  }
  return text(joinRef, frame.ref, frame.topic, "phx_reply", { status, response });
};

// Mostly to what is not answered yet; now and then a second time.
const rightReply = (oracle, random) => {
  const { connection } = oracle;
  const recent = oracle.sent.filter((frame) => frame.connection === connection).slice(-12);
  const unanswered = recent.filter((frame) => !frame.isAnswered);
  const choices = unanswered.length > 0 && random.chance(90) ? unanswered : recent;
  if (choices.length === 0) {
    return null;
  }
  const frame = random.pick(choices);
  frame.isAnswered = true;
  return replyTo(oracle, random, frame);
};

// A ref of something else, or a right one under another topic. heartbeat_is_answered_by_a_reply:
// not that of a heartbeat.
const wrongReply = (oracle, random) => {
  const pending = oracle.sent.filter((frame) => frame.topic !== "phoenix" && !frame.isAnswered);
  const ref = pending.length > 0 && random.chance(50) ? random.pick(pending.slice(-6)).ref
    : staleRef(oracle, random);
  const topic = random.pick([...oracle.channels.map((entry) => entry.topic), "room:none"]);
  const joinRef = random.pick([null, ref, staleRef(oracle, random)]);
  return text(joinRef, ref, topic, "phx_reply", { status: "ok", response: {} });
};

// A join_ref that says: this join, an older one, or any.
const joinRefOf = (oracle, random, channel, mayBeNull) => {
  // errored_channels_hear_nothing: phoenix.js remembers the join_ref of a channel that crashed.
  const current = channel.state === "errored" ? null : channel.joinRef();
  const choices = [staleRef(oracle, random)];
  if (current !== null) {
    choices.push(current, current, current);
  }
  if (mayBeNull) {
    choices.push(null);
  }
  return random.pick(choices);
};

const channelFrame = (oracle, random) => {
  const live = oracle.channels.filter(({ channel }) => channel.state !== "closed");
  if (live.length === 0) {
    return null;
  }
  const { channel, topic } = random.pick(live);
  const { state } = channel;
  if (random.chance(40)) {
    // crash_needs_a_join: one without join_ref is for a channel that is joined or joining.
    const joinRef = joinRefOf(oracle, random, channel, state !== "errored");
    const payload = random.pick([{}, { reason: "channel_crash" }]);
    return text(joinRef, joinRef, topic, "phx_error", payload);
  }
  // close_while_joining: phoenix.js leaves the timer of the join armed.
  const joinRef = state === "joining" ? staleRef(oracle, random)
    : joinRefOf(oracle, random, channel, true);
  return text(joinRef, joinRef, topic, "phx_close", {});
};

const userEvent = (oracle, random) => {
  const known = random.chance(90) && oracle.channels.length > 0;
  const { channel, topic } = known ? random.pick(oracle.channels)
    : { channel: { state: "errored" }, topic: "room:none" };
  const event = random.pick(["new_post", "post_deleted", "ö \"quoted\"", "x"]);
  const joinRef = joinRefOf(oracle, random, channel, true);
  if (random.chance(15)) {
    const j = joinRef ?? "";
    return joinRef === null && random.chance(50)
      ? ["binary", bytes(2, size(topic), size(event), topic, event, "\u0000\u0001")]
      : ["binary", bytes(0, size(j), size(topic), size(event), j, topic, event, "data")];
  }
  const payload = random.pick([{}, [1, 2], "text", 7, null, { a: { b: 1 } }]);
  return text(joinRef, null, topic, event, payload);
};

const malformed = (oracle, random) => ["frame", random.pick(MALFORMED)];

export const serverFrame = (oracle, random, honesty) => random.weighted([
  [honesty, rightReply],
  [25, userEvent],
  [Math.ceil((100 - honesty) / 5), channelFrame],
  [4, wrongReply],
  [3, malformed],
])(oracle, random);

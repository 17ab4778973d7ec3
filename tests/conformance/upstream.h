/* SPDX-License-Identifier: MIT */
/*
 * The 185 tests of phoenix.js's own suite (1.8.12), row by row: code, class, title. Classes: P as
 * it is, A adapted to C, X skipped there and not here, L of the long-poll transport, J of
 * JavaScript or browsers alone.
 */
#ifndef UPSTREAM_H
#define UPSTREAM_H

/* clang-format off */
#define UPSTREAM_ROWS(ROW) \
    ROW(C01, P, "sets defaults") \
    ROW(C02, P, "sets up joinPush object with literal params") \
    ROW(C03, P, "sets up joinPush object with closure params") \
    ROW(C04, P, "sets subprotocols when authToken is provided") \
    ROW(C05, P, "sets subprotocols when authToken is a function") \
    ROW(C06, P, "can update the join params") \
    ROW(C07, P, "sets state to joining") \
    ROW(C08, P, "sets joinedOnce to true") \
    ROW(C09, A, "throws if attempting to join multiple times") \
    ROW(C10, P, "triggers socket push with channel params") \
    ROW(C11, P, "can set timeout on joinPush") \
    ROW(C12, P, "leaves existing duplicate topic on new join") \
    ROW(C13, P, "succeeds before timeout") \
    ROW(C14, P, "retries with backoff after timeout") \
    ROW(C15, P, "with socket and join delay") \
    ROW(C16, P, "with socket delay only") \
    ROW(C17, P, "sets channel state to joined") \
    ROW(C18, P, "triggers receive('ok') callback after ok response") \
    ROW(C19, P, "triggers receive('ok') callback if ok response already received") \
    ROW(C20, P, "does not trigger other receive callbacks after ok response") \
    ROW(C21, P, "clears timeoutTimer") \
    ROW(C22, P, "sets receivedResp") \
    ROW(C23, P, "removes channel bindings") \
    ROW(C24, P, "resets channel rejoinTimer") \
    ROW(C25, P, "sends and empties channel's buffered pushEvents") \
    ROW(C26, P, "sets channel state to errored") \
    ROW(C27, P, "triggers receive('timeout') callback after ok response") \
    ROW(C28, P, "does not trigger other receive callbacks after timeout response") \
    ROW(C29, P, "schedules rejoinTimer timeout") \
    ROW(C30, P, "triggers receive('error') callback after error response") \
    ROW(C31, P, "triggers receive('error') callback if error response already received") \
    ROW(C32, P, "does not trigger other receive callbacks after error response") \
    ROW(C33, P, "clears timeoutTimer") \
    ROW(C34, P, "sets receivedResp with error trigger after binding") \
    ROW(C35, P, "sets receivedResp with error trigger before binding") \
    ROW(C36, P, "does not set channel state to joined") \
    ROW(C37, P, "does not trigger channel's buffered pushEvents") \
    ROW(C38, P, "sets state to 'errored'") \
    ROW(C39, P, "does not trigger redundant errors during backoff") \
    ROW(C40, P, "does not rejoin if channel leaving") \
    ROW(C41, P, "does not rejoin if channel closed") \
    ROW(C42, P, "triggers additional callbacks after join") \
    ROW(C43, P, "sets state to 'closed'") \
    ROW(C44, P, "does not rejoin") \
    ROW(C45, P, "triggers additional callbacks") \
    ROW(C46, P, "removes channel from socket") \
    ROW(C47, P, "returns payload by default") \
    ROW(C48, P, "returns true when socket connected and channel joined") \
    ROW(C49, P, "otherwise returns false") \
    ROW(C50, P, "sets up callback for event") \
    ROW(C51, P, "other event callbacks are ignored") \
    ROW(C52, P, "generates unique refs for callbacks") \
    ROW(C53, P, "calls all callbacks for event if they modified during event processing") \
    ROW(C54, P, "removes all callbacks for event") \
    ROW(C55, P, "removes callback by its ref") \
    ROW(C56, P, "sends push event when successfully joined") \
    ROW(C57, P, "enqueues push event to be sent once join has succeeded") \
    ROW(C58, P, "does not push if channel join times out") \
    ROW(C59, P, "uses channel timeout by default") \
    ROW(C60, P, "accepts timeout arg") \
    ROW(C61, P, "does not time out after receiving 'ok'") \
    ROW(C62, A, "throws if channel has not been joined") \
    ROW(C63, P, "does not leak the reply binding of a buffered push") \
    ROW(C64, P, "unsubscribes from server events") \
    ROW(C65, P, "closes channel on 'ok' from server") \
    ROW(C66, P, "sets state to closed on 'ok' event") \
    ROW(C67, X, "sets state to leaving initially") \
    ROW(C68, X, "closes channel on 'timeout'") \
    ROW(C69, X, "accepts timeout arg") \
    ROW(S01, P, "sets defaults") \
    ROW(S02, P, "supports closure or literal params") \
    ROW(S03, P, "overrides some defaults with options") \
    ROW(S04, J, "defaults to Websocket transport if available") \
    ROW(S05, L, "falls back to longpoll when set after primary transport failure") \
    ROW(S06, A, "does not connect a socket that was never connected") \
    ROW(S07, A, "reconnects on visibility change after unclean close") \
    ROW(S08, A, "does not reconnect on visibility change after clean close") \
    ROW(S09, J, "returns wss when location.protocol is https") \
    ROW(S10, A, "returns endpoint for given full url") \
    ROW(S11, J, "returns endpoint for given protocol-relative url") \
    ROW(S12, J, "returns endpoint for given path on https host") \
    ROW(S13, P, "establishes websocket connection with endpoint") \
    ROW(S14, A, "sets callbacks for connection") \
    ROW(S15, P, "is idempotent") \
    ROW(S16, P, "uses updated authToken function value when reconnecting") \
    ROW(S17, L, "establishes long poll connection with endpoint") \
    ROW(S18, L, "sets callbacks for connection") \
    ROW(S19, L, "is idempotent") \
    ROW(S20, P, "removes existing connection") \
    ROW(S21, P, "calls callback") \
    ROW(S22, P, "calls connection close callback") \
    ROW(S23, P, "does not throw when no connection") \
    ROW(S24, P, "properly tears down old connection when immediately reconnecting") \
    ROW(S25, P, "properly tears down old connection when disconnecting twice") \
    ROW(S26, P, "defaults to closed") \
    ROW(S27, P, "returns closed if readyState unrecognized") \
    ROW(S28, P, "returns connecting") \
    ROW(S29, P, "returns open") \
    ROW(S30, P, "returns closing") \
    ROW(S31, P, "returns closed") \
    ROW(S32, P, "returns channel with given topic and params") \
    ROW(S33, P, "adds channel to sockets channels list") \
    ROW(S34, P, "removes given channel from channels") \
    ROW(S35, P, "sends data to connection when connected") \
    ROW(S36, P, "buffers data when not connected") \
    ROW(S37, P, "returns next message ref") \
    ROW(S38, A, "restarts for overflow") \
    ROW(S39, P, "closes socket when heartbeat is not ack'd within heartbeat window") \
    ROW(S40, P, "pushes heartbeat data when connected") \
    ROW(S41, P, "no ops when not connected") \
    ROW(S42, P, "calls callbacks in buffer when connected") \
    ROW(S43, P, "empties sendBuffer") \
    ROW(S44, P, "flushes the send buffer") \
    ROW(S45, P, "resets reconnectTimer") \
    ROW(S46, P, "triggers onOpen callback") \
    ROW(S47, P, "triggers channel error with the heartbeat timeout reason") \
    ROW(S48, A, "does not schedule reconnectTimer if normal close") \
    ROW(S49, P, "schedules reconnectTimer timeout if abnormal close") \
    ROW(S50, P, "does not schedule reconnectTimer timeout if normal close after explicit disconnect") \
    ROW(S51, P, "schedules reconnectTimer timeout if not normal close") \
    ROW(S52, P, "schedules reconnectTimer timeout if connection cannot be made after a previous clean disconnect") \
    ROW(S53, P, "triggers onClose callback") \
    ROW(S54, P, "triggers channel error if joining") \
    ROW(S55, P, "triggers channel error if joined") \
    ROW(S56, P, "does not trigger channel error after leave") \
    ROW(S57, P, "does not send heartbeat after explicit disconnect") \
    ROW(S58, P, "does not timeout the heartbeat after explicit disconnect") \
    ROW(S59, P, "triggers onClose callback") \
    ROW(S60, P, "triggers channel error if joining with open connection") \
    ROW(S61, P, "triggers channel error if joining with no connection") \
    ROW(S62, P, "triggers channel error if joined") \
    ROW(S63, P, "does not trigger channel error after leave") \
    ROW(S64, P, "does not trigger channel error if transport replaced with no previous connection") \
    ROW(S65, P, "parses raw message and triggers channel event") \
    ROW(S66, P, "triggers onMessage callback") \
    ROW(S67, P, "pushes when connected") \
    ROW(S68, P, "returns false when disconnected") \
    ROW(S69, P, "encodes to JSON array by default") \
    ROW(S70, P, "allows custom encoding when using WebSocket transport") \
    ROW(S71, L, "forces JSON encoding when using LongPoll transport") \
    ROW(S72, P, "decodes JSON by default") \
    ROW(S73, P, "allows custom decoding when using WebSocket transport") \
    ROW(S74, L, "forces JSON decoding when using LongPoll transport") \
    ROW(H01, J, "returns ws when location.protocol is http") \
    ROW(H02, J, "returns endpoint for given path on http host") \
    ROW(Z01, P, "encodes general pushes") \
    ROW(Z02, P, "decodes") \
    ROW(Z03, P, "encodes") \
    ROW(Z04, P, "encodes variable length segments") \
    ROW(Z05, P, "decodes push") \
    ROW(Z06, P, "decodes reply") \
    ROW(Z07, P, "encodes non-ASCII metadata as UTF-8") \
    ROW(Z08, A, "throws when a metadata field exceeds 255 UTF-8 bytes") \
    ROW(Z09, P, "decodes broadcast") \
    ROW(P01, P, "syncs empty state") \
    ROW(P02, P, "onJoins new presences and onLeave's left presences") \
    ROW(P03, P, "onJoins only newly added metas") \
    ROW(P04, P, "syncs empty state") \
    ROW(P05, P, "removes presence when meta is empty and adds additional meta") \
    ROW(P06, P, "removes meta while leaving key if other metas exist") \
    ROW(P07, A, "syncState joins and leaves them without touching the prototype") \
    ROW(P08, A, "syncDiff joins and leaves them without touching the prototype") \
    ROW(P09, P, "lists full presence by default") \
    ROW(P10, P, "lists with custom function") \
    ROW(P11, P, "syncs state and diffs") \
    ROW(P12, P, "applies pending diff if state is not yet synced") \
    ROW(P13, P, "allows custom channel events") \
    ROW(P14, P, "updates existing meta for a presence update (leave + join)") \
    ROW(L01, L, "should handle undefined protocols") \
    ROW(L02, L, "should handle null protocols") \
    ROW(L03, L, "should handle empty array protocols") \
    ROW(L04, L, "should extract authToken when valid protocols are provided") \
    ROW(L05, L, "should include auth token in headers when present") \
    ROW(L06, L, "should not include auth token in headers when not present") \
    ROW(L07, L, "should send the session token in a header") \
    ROW(L08, L, "should send the token header on batched pushes") \
    ROW(L09, L, "should treat 410 as error when token already exists") \
    ROW(L10, L, "should send with correct content-type header format") \
    ROW(L11, L, "coalesces rapid send() calls and buffers sends made during an in-flight batch") \
    ROW(L12, L, "splits 150 rapid send() calls into two requests in order") \
    ROW(L13, L, "closes and retries when a batch POST times out") \
    ROW(L14, L, "should initialize with undefined protocols when no auth token") \
    ROW(L15, L, "should only set protocols array when auth token is present") \
    ROW(L16, J, "should use XMLHttpRequest by default") \
    ROW(L17, J, "should use fetch when XMLHttpRequest is not available")
/* clang-format on */

#endif

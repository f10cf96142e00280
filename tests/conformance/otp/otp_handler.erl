%% SPDX-License-Identifier: Apache-2.0
%% A gen_event handler that performs what events ask of it. As ops_event.c.
-module(otp_handler).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2]).

-import(otp_world, [log/1, log/2]).

init({{Id, Ops}, Last}) ->
    put(handler, Id),
    log(lists:concat([Id, " init after"]), Last),
    begun(Id, Ops);
init({Id, Ops}) ->
    put(handler, Id),
    log(lists:concat([Id, " init"])),
    begun(Id, Ops).

begun(Id, Ops) ->
    otp_script:run(Ops),
    case erase(decided) of
        {refuse, Why} -> Why;
        undefined -> {ok, Id}
    end.

handle_event(Event, Id) -> handle("event", Event, Id, fun() -> {ok, Id} end).

handle_info(Message, Id) -> handle("info", Message, Id, fun() -> {ok, Id} end).

handle_call(Request, Id) ->
    Reply = fun() -> case erase(replies) of undefined -> ok; [R | _] -> R end end,
    case handle("call", Request, Id, fun() -> none end) of
        none -> {ok, Reply(), Id};
        remove_handler -> {remove_handler, Reply()};
        {swap_handler, Reason, State, New, Arg} -> {swap_handler, Reply(), Reason, State, New, Arg}
    end.

handle(What, Event, Id, Otherwise) ->
    put(handler, Id),
    case Event of
        {at, For, Request} ->
            log(lists:concat([Id, " ", What]), Request),
            For =:= Id andalso otp_script:request(Request);
        _ ->
            log(lists:concat([Id, " ", What]), Event),
            otp_script:request(Event)
    end,
    case erase(decided) of
        undefined -> Otherwise();
        remove -> remove_handler;
        {swap, Reason, NewId, Ops} -> {swap_handler, Reason, Id, {otp_handler, NewId}, {NewId, Ops}}
    end.

terminate(Reason, Id) ->
    put(handler, Id),
    log(lists:concat([Id, " terminate"]), Reason),
    case get({on_terminate, Id}) of
        undefined -> ok;
        Ops -> otp_script:run(Ops)
    end,
    case get({last, Id}) of
        undefined -> ok;
        Last -> Last
    end.

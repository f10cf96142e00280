%% SPDX-License-Identifier: Apache-2.0
%% A gen_statem whose callbacks perform what they are asked. As ops_statem.c.
-module(otp_statem).
-behaviour(gen_statem).
-export([init/1, callback_mode/0, handle_event/4, terminate/3]).
-export([s1/3, s2/3, s3/3, s4/3, s5/3]).

-import(otp_world, [log/1, log/2]).

init({Name, Mode, Enter, Ops}) ->
    put(mode, {Mode, Enter}),
    otp_world:name(Name, self()),
    log("init"),
    otp_script:run(Ops),
    case erase(decided) of
        {stop, Reason} -> {stop, Reason};
        {next, State} -> {ok, State, data, actions()};
        undefined -> {ok, s1, data, actions()}
    end.

callback_mode() ->
    {Mode, Enter} = get(mode),
    [case Mode of functions -> state_functions; handle -> handle_event_function end] ++ [state_enter || Enter].

s1(Type, Content, Data) -> handle_event(Type, Content, s1, Data).
s2(Type, Content, Data) -> handle_event(Type, Content, s2, Data).
s3(Type, Content, Data) -> handle_event(Type, Content, s3, Data).
s4(Type, Content, Data) -> handle_event(Type, Content, s4, Data).
s5(Type, Content, Data) -> handle_event(Type, Content, s5, Data).

handle_event(Type, Content, State, Data) ->
    put(state, State),
    case Type of
        {call, From} -> put(from, From);
        _ -> ok
    end,
    log(lists:concat([State, " ", type(Type)]), Content),
    case Type of
        enter -> case get({on_enter, State}) of undefined -> ok; Ops -> otp_script:run(Ops) end;
        _ -> otp_script:request(Content)
    end,
    case erase(decided) of
        undefined -> {keep_state, Data, actions()};
        {next, Next} -> {next_state, Next, Data, actions()};
        repeat -> {repeat_state, Data, actions()};
        {stop, Reason} ->
            case [R || {reply, _, _} = R <- actions()] of
                [] -> {stop, Reason, Data};
                Replies -> {stop_and_reply, Reason, Replies, Data}
            end
    end.

type({call, _}) -> call;
type({timeout, Name}) -> lists:concat(["named_timeout ", Name]);
type(Type) -> Type.

actions() ->
    Replies = case erase(replies) of undefined -> []; Rs -> [{reply, get(from), R} || R <- lists:reverse(Rs)] end,
    Hibernate = case erase(hibernates) of undefined -> []; true -> [hibernate] end,
    case erase(actions) of
        undefined -> Replies ++ Hibernate;
        Actions -> Replies ++ Actions ++ Hibernate
    end.

terminate(Reason, State, _) ->
    log(lists:concat([State, " terminate"]), Reason),
    case get({on_terminate, undefined}) of
        undefined -> ok;
        Ops -> otp_script:run(Ops)
    end.

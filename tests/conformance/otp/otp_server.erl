%% SPDX-License-Identifier: Apache-2.0
%% A gen_server whose callbacks perform what they are asked. As ops_server.c.
-module(otp_server).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2]).

-import(otp_world, [log/1, log/2]).

init({Name, Ops, More}) ->
    otp_world:name(Name, self()),
    log("init"),
    otp_script:run(Ops),
    otp_script:run(More),
    case erase(decided) of
        {stop, Reason} -> {stop, Reason};
        undefined -> with_further({ok, shown})
    end.

handle_call(Request, From, _) ->
    put(from, From),
    log("call", Request),
    otp_script:request(Request),
    decided().

handle_cast(Request, _) ->
    log("cast", Request),
    otp_script:request(Request),
    decided().

handle_info(timeout, _) ->
    log("timeout"),
    case get(on_timeout) of
        undefined -> ok;
        Ops -> otp_script:run(Ops)
    end,
    decided();
handle_info(Message, _) ->
    log("info", Message),
    otp_script:request(Message),
    decided().

handle_continue(Request, _) ->
    log("continue", Request),
    otp_script:request(Request),
    decided().

terminate(Reason, _) ->
    log("terminate", Reason),
    case get({on_terminate, undefined}) of
        undefined -> ok;
        Ops -> otp_script:run(Ops)
    end.

decided() ->
    case {erase(decided), erase(replies)} of
        {undefined, undefined} -> with_further({noreply, shown});
        {undefined, [Reply | _]} -> with_further({reply, Reply, shown});
        {{stop, Reason}, _} -> {stop, Reason, shown};
        {{stop, Reason, Reply}, _} -> {stop, Reason, Reply, shown}
    end.

with_further(Result) ->
    case {erase(further), erase(hibernates)} of
        {undefined, undefined} -> Result;
        {undefined, true} -> erlang:append_element(Result, hibernate);
        {Further, _} -> erlang:append_element(Result, Further)
    end.

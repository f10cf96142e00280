%% SPDX-License-Identifier: Apache-2.0
%% A gen_server that echoes calls and counts casts; {hold, _} makes it wait in the middle of the handler.
-module(echo).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2]).

init(Options) -> {ok, {0, Options}}.

handle_call(Request, _From, State) -> {reply, Request, State}.

handle_cast(hold, State) ->
    receive go_on -> {noreply, State} end;
handle_cast(stop, State) ->
    {stop, normal, State};
handle_cast(N, {Sum, hibernate}) ->
    {noreply, {Sum + N, hibernate}, hibernate};
handle_cast(N, {Sum, Options}) ->
    {noreply, {Sum + N, Options}}.

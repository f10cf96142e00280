%% SPDX-License-Identifier: Apache-2.0
%% A handler that blocks its thread: block.c where it could be compiled; without it nothing blocks, and block/1 says so.
-module(block).
-export([load/0, block/1]).

load() ->
    erlang:load_nif(filename:join(filename:dirname(code:which(?MODULE)), "block"), 0).

block(_Milliseconds) ->
    io:format(standard_error, "erlang: without erl_nif.h (erlang-dev) no handler blocks its thread~n", []).

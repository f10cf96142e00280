%% SPDX-License-Identifier: Apache-2.0
%% Messages: ping-pong, a ring of 503, fan-in of 100 to 1, all to all of 1,000.
-module(messages).
-export([ping_pong/0, ring/0, fan_in/0, all_to_all/0]).

ping_pong() ->
    N = bench:scaled(4000000),
    Self = self(),
    Pong = spawn_link(fun() -> forward(Self) end),
    T = bench:timed(fun() -> ping(Pong, N) end),
    bench:result("ping_pong", T / (2 * N), "ns/message").

ping(_, 0) -> ok;
ping(Pong, N) ->
    Pong ! N,
    receive _ -> ping(Pong, N - 1) end.

forward(To) ->
    receive M -> To ! M, forward(To) end.

ring() ->
    Size = 503,
    Rounds = bench:scaled(10000),
    First = lists:foldl(fun(_, Next) -> spawn_link(fun() -> forward(Next) end) end, self(), lists:seq(1, Size - 1)),
    ping(First, 1),
    T = bench:timed(fun() -> ping(First, Rounds) end),
    bench:result("ring", T / (Rounds * Size), "ns/hop").

fan_in() ->
    Each = bench:scaled(100000),
    Self = self(),
    T = bench:timed(fun() ->
        [spawn(fun() -> send(Self, Each) end) || _ <- lists:seq(1, 100)],
        take(Each * 100)
    end),
    bench:result("fan_in", Each * 100 * 1000 / T, "M messages/s").

send(_, 0) -> ok;
send(To, N) ->
    To ! N,
    send(To, N - 1).

take(0) -> ok;
take(N) ->
    receive _ -> take(N - 1) end.

all_to_all() ->
    Count = 1000,
    Self = self(),
    All = [spawn(fun() -> one_of_all(Self, Count) end) || _ <- lists:seq(1, Count)],
    T = bench:timed(fun() ->
        [P ! {start, All} || P <- All],
        take(Count)
    end),
    bench:result("all_to_all", T / 1.0e9, "s").

one_of_all(Parent, Count) ->
    receive {start, All} -> [P ! Count || P <- All] end,
    take(Count),
    Parent ! done.

%% SPDX-License-Identifier: Apache-2.0
%% A call between two processes while 10,000 others are busy, one spins and one blocks its thread.
-module(latency).
-export([latency/0]).

latency() ->
    block:load(),
    {ok, Server} = gen_server:start(echo, [], []),
    [spawn(fun busy/0) || _ <- lists:seq(1, 10000)],
    timer:sleep(500),
    Length = bench:scaled(5000),
    Until = erlang:monotonic_time(millisecond) + Length,
    spawn(fun() -> spin(Until) end),
    spawn(fun() -> block:block(Length) end),
    Took = lists:sort(sample(Server, Until, [])),
    N = length(Took),
    bench:result("latency_p50", lists:nth(N div 2 + 1, Took) / 1.0e6, "ms"),
    bench:result("latency_p99", lists:nth(N * 99 div 100 + 1, Took) / 1.0e6, "ms"),
    bench:result("latency_max", lists:last(Took) / 1.0e6, "ms").

busy() ->
    count(20000),
    timer:sleep(200 + rand:uniform(100)),
    busy().

count(0) -> ok;
count(N) -> count(N - 1).

spin(Until) ->
    case erlang:monotonic_time(millisecond) < Until of
        true -> spin(Until);
        false -> ok
    end.

sample(Server, Until, Took) ->
    T = bench:timed(fun() -> gen_server:call(Server, nil, infinity) end),
    case erlang:monotonic_time(millisecond) < Until of
        true -> timer:sleep(1), sample(Server, Until, [T | Took]);
        false -> [T | Took]
    end.

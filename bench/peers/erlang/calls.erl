%% SPDX-License-Identifier: Apache-2.0
%% Calls and timers.
-module(calls).
-export([call/0, clients/0, timers/0]).

call() ->
    N = bench:scaled(1000000),
    {ok, Server} = gen_server:start(echo, [], []),
    T = bench:timed(fun() -> ask(Server, infinity, N) end),
    bench:result("call", T / N, "ns/call"),
    D = bench:timed(fun() -> ask(Server, 5000, N) end),
    bench:result("call_with_deadline", D / N, "ns/call").

ask(_, _, 0) -> ok;
ask(Server, Timeout, N) ->
    gen_server:call(Server, N, Timeout),
    ask(Server, Timeout, N - 1).

clients() ->
    Each = bench:scaled(50000),
    {ok, Server} = gen_server:start(echo, [], []),
    Self = self(),
    T = bench:timed(fun() ->
        [spawn(fun() -> ask(Server, infinity, Each), Self ! done end) || _ <- lists:seq(1, 64)],
        take(64)
    end),
    bench:result("clients_64", Each * 64 * 1000000 / T, "k calls/s").

timers() ->
    N = bench:scaled(1000000),
    Cpu = bench:cpu_seconds(),
    T = bench:timed(fun() -> arm(0, N) end),
    bench:result("timers_arm", T / 1.0e9, "s"),
    take(N),
    bench:result("timers_cpu", bench:cpu_seconds() - Cpu, "CPU s").

arm(N, N) -> ok;
arm(I, N) ->
    erlang:send_after(1000 + I * 7919 rem 1000, self(), I),
    arm(I + 1, N).

take(0) -> ok;
take(N) ->
    receive _ -> take(N - 1) end.

%% SPDX-License-Identifier: Apache-2.0
%% Lives: spawn bursts, skynet, idle processes, a million of them.
-module(lives).
-export([spawns/0, skynet/0, idle/0, million/0]).

spawns() ->
    waves(bench:scaled(2000000), 1000, "spawn_by_1000"),
    waves(bench:scaled(1000000), bench:scaled(1000000), "spawn_burst").

waves(Total, Wave, Name) ->
    Before = erlang:system_info(process_count),
    T = bench:timed(fun() -> [wave(Wave, Before) || _ <- lists:seq(1, Total div Wave)] end),
    bench:result(Name, Total * 1000000 / T, "k actors/s").

wave(N, Before) ->
    burst(N - 1),
    {Last, Monitor} = spawn_monitor(fun leaf/0),
    Last ! 0,
    receive {'DOWN', Monitor, process, _, _} -> ok end,
    until_gone(Before).

burst(0) -> ok;
burst(N) ->
    spawn(fun leaf/0) ! N,
    burst(N - 1).

leaf() ->
    receive _ -> ok end.

until_gone(Before) ->
    case erlang:system_info(process_count) > Before of
        true -> erlang:yield(), until_gone(Before);
        false -> ok
    end.

skynet() ->
    Self = self(),
    T = bench:timed(fun() ->
        spawn(fun() -> node(Self, 0, 1000000) end),
        receive 499999500000 -> ok end
    end),
    bench:result("skynet", T / 1.0e9, "s"),
    bench:result("skynet_peak", bench:peak_megabytes(), "MB").

node(Parent, Number, 1) ->
    Parent ! Number;
node(Parent, Number, Size) ->
    Self = self(),
    Part = Size div 10,
    [spawn(fun() -> node(Self, Number + I * Part, Part) end) || I <- lists:seq(0, 9)],
    Parent ! sum(10, 0).

sum(0, Sum) -> Sum;
sum(N, Sum) ->
    receive M -> sum(N - 1, Sum + M) end.

%% The kinds one after the other; each is gone before the next begins, and what the allocators keep is not counted again.
idle() ->
    N = bench:scaled(500000),
    idle(N, "idle_bare", fun() -> spawn(fun leaf/0) end, fun(P) -> P ! stop end),
    idle(N, "idle_hibernated", fun() -> server(hibernate) end, fun(P) -> gen_server:cast(P, stop) end),
    idle(N, "idle", fun() -> server(none) end, fun(P) -> gen_server:cast(P, stop) end).

server(Options) ->
    {ok, P} = gen_server:start(echo, Options, []),
    gen_server:cast(P, 1),
    P.

%% What the emulator has given to processes: resident memory would count what earlier kinds left behind.
idle(N, Name, Start, Stop) ->
    Processes = erlang:system_info(process_count),
    Before = erlang:memory(total),
    All = [Start() || _ <- lists:seq(1, N)],
    timer:sleep(300),
    erlang:garbage_collect(),
    bench:result(Name, (erlang:memory(total) - Before) / N, "bytes"),
    lists:foreach(Stop, All),
    until_gone(Processes).

million() ->
    N = bench:scaled(1000000),
    Before = erlang:system_info(process_count),
    T = bench:timed(fun() -> put(all, [one_of_million(I) || I <- lists:seq(1, N)]) end),
    bench:result("million_made", T / 1.0e9, "s"),
    timer:sleep(500),
    bench:result("million_resident", bench:resident_bytes() / 1048576, "MB"),
    D = bench:timed(fun() ->
        lists:foreach(fun(P) -> P ! go_on, gen_server:cast(P, stop) end, get(all)),
        until_gone(Before)
    end),
    bench:result("million_ended", D / 1.0e9, "s").

%% A tenth of them waits in the middle of a handler.
one_of_million(I) ->
    {ok, P} = gen_server:start(echo, none, []),
    gen_server:cast(P, case I rem 10 of 0 -> hold; _ -> 1 end),
    P.

%% SPDX-License-Identifier: Apache-2.0
%% The kernel's benchmarks on the BEAM: erl -run bench main DIVISOR NAME.
-module(bench).
-export([main/1, scaled/1, result/3, timed/1, cpu_seconds/0, resident_bytes/0, peak_megabytes/0]).

main([Divisor, Name]) ->
    persistent_term:put(divisor, list_to_integer(Divisor)),
    Functions = #{"ping_pong" => fun messages:ping_pong/0, "ring" => fun messages:ring/0, "fan_in" => fun messages:fan_in/0,
                  "all_to_all" => fun messages:all_to_all/0, "call" => fun calls:call/0, "clients" => fun calls:clients/0,
                  "timers" => fun calls:timers/0, "latency" => fun latency:latency/0, "spawn" => fun lives:spawns/0,
                  "skynet" => fun lives:skynet/0, "idle" => fun lives:idle/0, "million" => fun lives:million/0,
                  "restarts" => fun restarts:restarts/0},
    %% In a fresh process, so that each starts with a small heap.
    {_, Monitor} = spawn_monitor(fun() -> (maps:get(Name, Functions, fun() -> ok end))() end),
    receive {'DOWN', Monitor, process, _, Reason} -> halt(case Reason of normal -> 0; _ -> io:format(standard_error, "~p~n", [Reason]), 1 end) end.

scaled(N) ->
    max(1, N div persistent_term:get(divisor)).

result(Bench, Value, Unit) ->
    io:format("{\"bench\":\"~s\",\"subject\":\"erlang\",\"value\":~.6g,\"unit\":\"~s\"}~n", [Bench, float(Value), Unit]).

%% Nanoseconds.
timed(Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    Fun(),
    erlang:monotonic_time(nanosecond) - Start.

%% User and system time of the whole process, in hundredths.
cpu_seconds() ->
    {ok, Text} = file:read_file("/proc/self/stat"),
    [_, Rest] = binary:split(Text, <<") ">>),
    Fields = binary:split(Rest, <<" ">>, [global]),
    (binary_to_integer(lists:nth(12, Fields)) + binary_to_integer(lists:nth(13, Fields))) / 100.

kilobytes(Field) ->
    {ok, Text} = file:read_file("/proc/self/status"),
    {match, [Digits]} = re:run(Text, Field ++ ":\\s+(\\d+) kB", [{capture, all_but_first, list}]),
    list_to_integer(Digits).

resident_bytes() ->
    kilobytes("VmRSS") * 1024.

peak_megabytes() ->
    kilobytes("VmHWM") / 1024.

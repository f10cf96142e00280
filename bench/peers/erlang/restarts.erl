%% SPDX-License-Identifier: Apache-2.0
%% A supervisor whose child crashes as soon as it runs, until the intensity is used up.
-module(restarts).
-behaviour(supervisor).
-export([restarts/0, init/1, start_child/0]).

restarts() ->
    process_flag(trap_exit, true),
    %% Fresh supervisors, each for 1,000 crashes; then one whose child never pauses.
    rounds("restarts_fresh", 1000, bench:scaled(100)),
    rounds("restarts_no_pause", bench:scaled(30000), 1).

rounds(Name, Crashes, Rounds) ->
    T = bench:timed(fun() -> [use_up(Crashes) || _ <- lists:seq(1, Rounds)] end),
    bench:result(Name, Crashes * Rounds * 1000000 / T, "k restarts/s").

use_up(Crashes) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, Crashes),
    receive {'EXIT', Supervisor, shutdown} -> ok end.

init(Crashes) ->
    {ok, {#{strategy => one_for_one, intensity => Crashes, period => 3600},
          [#{id => crasher, start => {?MODULE, start_child, []}}]}}.

start_child() ->
    {ok, spawn_link(fun() -> exit(crash) end)}.

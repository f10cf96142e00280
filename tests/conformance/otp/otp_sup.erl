%% SPDX-License-Identifier: Apache-2.0
%% Supervisors of scripted children. As ops_supervisor.c.
-module(otp_sup).
-behaviour(supervisor).
-export([init/1, start_link/2, spec/1, start_kid/1, start_kid/2]).

start_link(Flags, Children) -> supervisor:start_link(?MODULE, {Flags, Children}).

init({{Strategy, Intensity, Period, Auto}, Children}) ->
    {ok, {#{strategy => Strategy, intensity => Intensity, period => Period, auto_shutdown => Auto}, [spec(C) || C <- Children]}}.

spec({Id, Restart, Shutdown, Significant, Type, Ops}) ->
    #{id => Id, start => {?MODULE, start_kid, [{Id, Type, Ops}]}, restart => Restart, shutdown => Shutdown,
      significant => Significant, type => case Type of supervisor -> supervisor; _ -> worker end}.

start_kid(Kid) -> start_kid(Kid, []).

start_kid({_, ignore, _}, _) -> ignore;
start_kid({Id, supervisor, {Flags, Children}}, _) ->
    case start_link(Flags, Children) of
        {ok, Pid} -> otp_world:name(Id, Pid), {ok, Pid};
        Other -> Other
    end;
start_kid({Id, body, Ops}, _) -> {ok, spawn_link(otp_script, body, [Id, Ops])};
start_kid({Id, _, Ops}, More) -> gen_server:start_link(otp_server, {Id, Ops, More}, []).

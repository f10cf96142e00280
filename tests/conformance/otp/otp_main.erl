%% SPDX-License-Identifier: Apache-2.0
%% Performs every scenario of a file on OTP and prints their traces. As main.c.
-module(otp_main).
-export([main/0, main_body/1]).

-define(PATIENCE, 90000).

main() ->
    [File] = init:get_plain_arguments(),
    logger:set_primary_config(level, none),
    {ok, Scenarios} = file:consult(File),
    lists:foreach(fun perform/1, Scenarios),
    halt(0).

perform({Name, Ops}) ->
    otp_world:new(),
    {ok, Pg} = pg:start_link(),
    Before = processes(),
    {Pid, Ref} = spawn_monitor(?MODULE, main_body, [Ops]),
    Reason = receive {'DOWN', Ref, process, Pid, R} -> R after ?PATIENCE -> over_time end,
    otp_world:close(),
    io:put_chars(["# ", atom_to_list(Name), "\n", otp_world:trace(), "main: end ", otp_world:show(Reason), "\n"]),
    [end_process(P) || P <- processes() -- Before],
    unlink(Pg),
    end_process(Pg),
    otp_world:free().

%% What others do once the last operation of `main` is done is not part of the trace.
main_body(Ops) ->
    otp_script:body(main, Ops),
    otp_world:close().

end_process(Pid) ->
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, _} -> ok end.

%% SPDX-License-Identifier: Apache-2.0
%% Performing scripts: the scenario language on OTP. As script.c and ops_actor.c, ops_relation.c.
-module(otp_script).
-export([run/1, request/1, body/2, pid/1, started/2, result/2]).

-import(otp_world, [log/1, log/2]).

-define(PATIENCE, 25000).

body(Name, Ops) ->
    otp_world:name(Name, self()),
    run(Ops).

run(Ops) -> lists:foreach(fun(Op) -> op(otp_world:fill(Op)) end, Ops).

request({do, _Tag, Ops}) -> run(Ops);
request(_) -> ok.

pid(P) when is_pid(P) -> P;
pid(self) -> self();
pid({reg, Name}) -> whereis(Name);
pid(Name) -> otp_world:find(Name).

started(Name, {ok, Pid}) ->
    otp_world:name(Name, Pid),
    log("started", Pid);
started(_, {error, Reason}) -> log("start failed", Reason).

result(Text, ok) -> log(Text, ok);
result(Text, {error, Reason}) -> log(Text, Reason).

%% ---- spawning and ending ----

op({spawn, N, Ops}) -> otp_world:name(N, spawn(?MODULE, body, [N, Ops]));
op({spawn_link, N, Ops}) -> otp_world:name(N, spawn_link(?MODULE, body, [N, Ops]));
op({spawn_monitor, N, R, Ops}) -> named(N, R, spawn_monitor(?MODULE, body, [N, Ops]));
op({spawn_link_monitor, N, R, Ops}) -> named(N, R, spawn_opt(?MODULE, body, [N, Ops], [link, monitor]));
op({dead, N}) ->
    {P, R} = spawn_monitor(?MODULE, body, [N, []]),
    otp_world:name(N, P),
    receive {'DOWN', R, _, _, _} -> ok end;
op({exit, Reason}) -> exit(Reason);
op({alive, A}) -> log("alive", is_process_alive(pid(A)));
op({log, X}) -> log("says", X);

%% ---- messages ----

op({send, To, Message}) -> pid(To) ! Message;
op({send_name, Name, Message}) ->
    try Name ! Message
    catch error:badarg -> log("send", noproc)
    end;
op(recv) -> got('_', ?PATIENCE, "waited in vain");
op({recv, Pattern}) -> got(Pattern, ?PATIENCE, "waited in vain");
op({recv, Pattern, Ms}) -> got(Pattern, Ms, "nothing");
op({recv_ref, R}) ->
    Ref = otp_world:find(R),
    receive M when element(2, M) =:= Ref -> log("got", M)
    after ?PATIENCE -> log("waited in vain")
    end;
op(flush) ->
    receive M -> log("had", M), op(flush)
    after 0 -> log("flushed")
    end;
op(obey) ->
    receive M -> request(M)
    after ?PATIENCE -> log("waited in vain")
    end;

%% ---- names and groups ----

op({register, Name, A}) -> tried("register", fun() -> register(Name, pid(A)) end);
op({unregister, Name}) -> tried("unregister", fun() -> unregister(Name) end);
op({whereis, Name}) -> log("whereis", whereis(Name));
op({name_of, A}) ->
    case process_info(pid(A), registered_name) of
        {registered_name, Name} -> log("name", Name);
        _ -> log("name", undefined)
    end;
op({join, Group, A}) -> pg:join(Group, pid(A));
op({leave, Group, A}) -> log("leave", pg:leave(Group, pid(A)));
op({members, Group, Want}) -> members(Group, Want, 10000);

%% ---- timers ----

op({timer, R, To, Ms, Message}) -> otp_world:name(R, erlang:send_after(Ms, pid(To), Message));
op({cancel, R}) ->
    case erlang:cancel_timer(otp_world:find(R)) of
        false -> log("timer was gone");
        _ -> log("timer was armed")
    end;
op({sleep, Ms}) -> timer:sleep(Ms);

%% ---- links, monitors, exit signals ----

op({link, A}) ->
    %% For a process that does not trap exits link/1 raises the error instead of sending itself the signal.
    try link(pid(A))
    catch error:noproc -> exit(noproc)
    end;
op({unlink, A}) -> unlink(pid(A));
op({trap, Flag}) -> process_flag(trap_exit, Flag);
op({trap_was, Flag}) -> log("trapped", process_flag(trap_exit, Flag));
op({monitor, A, R}) -> otp_world:name(R, monitor(process, pid(A)));
op({demonitor, R}) -> demonitor(otp_world:find(R), [flush]);
op({wait, A}) ->
    P = pid(A),
    Ref = monitor(process, P),
    receive {'DOWN', Ref, _, _, Reason} -> log("ended", {P, Reason})
    after ?PATIENCE -> log("waited in vain", P)
    end;
op({gone, A}) ->
    P = pid(A),
    Ref = monitor(process, P),
    receive {'DOWN', Ref, _, _, _} -> log("gone", P)
    after ?PATIENCE -> log("waited in vain", P)
    end;
op({exit, A, Reason}) -> exit(pid(A), Reason);

%% ---- calls ----

op({call, To, Request}) -> call(To, Request, ?PATIENCE);
op({call, To, Request, Ms}) -> call(To, Request, Ms);
op({take_call, Key}) ->
    receive {'$gen_call', From, Request} ->
        otp_world:save_from(Key, From),
        log("asked", Request)
    after ?PATIENCE -> ok
    end;
op({answer, Key, Value}) -> gen_server:reply(otp_world:from(Key), Value);

%% ---- choices ----

op({nth, Key, Choices}) -> run(lists:nth(min(otp_world:count(Key) + 1, length(Choices)), Choices));
op({times, N, Ops}) -> [run(Ops) || _ <- lists:seq(1, N)];
op(Op) -> otp_ops:op(Op).

%% ---- helpers ----

named(N, R, {P, Ref}) ->
    otp_world:name(N, P),
    otp_world:name(R, Ref).

got('_', Ms, Otherwise) ->
    receive M -> log("got", M)
    after Ms -> log(Otherwise)
    end;
%% Receiving by a pattern that is data: what is the first that fits is found by looking, then taken.
got(Pattern, Ms, Otherwise) ->
    {messages, All} = process_info(self(), messages),
    case [M || M <- All, fits(Pattern, M)] of
        [First | _] -> receive First -> log("got", First) end;
        [] when Ms =< 0 -> log(Otherwise);
        [] -> timer:sleep(1), got(Pattern, Ms - 1, Otherwise)
    end.

fits('_', _) -> true;
fits(P, M) when is_tuple(P), is_tuple(M), tuple_size(P) =:= tuple_size(M) -> fits(tuple_to_list(P), tuple_to_list(M));
fits([P | Ps], [M | Ms]) -> fits(P, M) andalso fits(Ps, Ms);
fits(P, M) -> P =:= M.

tried(Text, Fun) ->
    try Fun() of _ -> log(Text, ok)
    catch error:badarg -> log(Text, error)
    end.

members(Group, Want, Tries) ->
    Members = pg:get_members(Group),
    case length(Members) =:= Want orelse Tries =:= 0 of
        true ->
            log("members", length(Members)),
            [log("member", V) || V <- otp_world:named(), M <- Members, M =:= V];
        false ->
            erlang:yield(),
            members(Group, Want, Tries - 1)
    end.

call(To, Request, Ms) ->
    Server = case To of {reg, Name} -> Name; _ -> pid(To) end,
    try gen_server:call(Server, Request, Ms) of
        Reply -> log("reply", Reply)
    catch exit:{Reason, {gen_server, call, _}} -> log("call failed", Reason)
    end.

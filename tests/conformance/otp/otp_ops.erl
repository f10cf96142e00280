%% SPDX-License-Identifier: Apache-2.0
%% Operations on gen_server, gen_statem, gen_event and supervisors, and those inside their callbacks. What a callback
%% decides is kept in the process dictionary until it returns.
-module(otp_ops).
-export([op/1]).

-import(otp_world, [log/1, log/2]).
-import(otp_script, [pid/1, started/2, result/2]).

-define(PATIENCE, 25000).

%% ---- gen_server ----

op({start, N, Ops}) -> started(N, gen_server:start(otp_server, {N, Ops, []}, []));
op({start_link, N, Ops}) -> started(N, gen_server:start_link(otp_server, {N, Ops, []}, []));
op({start_named, N, Reg, Ops}) -> started(N, gen_server:start({local, Reg}, otp_server, {N, Ops, []}, []));
op({start_link_named, N, Reg, Ops}) -> started(N, gen_server:start_link({local, Reg}, otp_server, {N, Ops, []}, []));
op({start_in, N, Ms, Ops}) -> started(N, gen_server:start(otp_server, {N, Ops, []}, [{timeout, Ms}]));
op({cast, {reg, Name}, Request}) -> gen_server:cast(Name, Request);
op({cast, A, Request}) -> gen_server:cast(pid(A), Request);
op({stop, A, Reason}) -> stop(A, Reason, ?PATIENCE);
op({stop, A, Reason, Ms}) -> stop(A, Reason, Ms);
op({multi_call, As, Request, Ms}) ->
    Pids = [pid(A) || A <- As],
    %% OTP's multi_call is for one name on many nodes; for many processes it is a request to each and then the answers.
    Ids = [gen_server:send_request(P, Request) || P <- Pids],
    Until = erlang:monotonic_time(millisecond) + Ms,
    [case gen_server:receive_response(Id, max(0, Until - erlang:monotonic_time(millisecond))) of
         {reply, Reply} -> log("reply", {P, Reply});
         _ -> log("no reply", P)
     end || {P, Id} <- lists:zip(Pids, Ids)];
op({suspend, A}) -> sys("suspend", fun() -> sys:suspend(pid(A)) end);
op({resume, A}) -> sys("resume", fun() -> sys:resume(pid(A)) end);
op({get_state, A}) ->
    try log("state", sys:get_state(pid(A)))
    catch exit:_ -> log("state", none)
    end;

%% ---- inside callbacks of any of them ----

op({reply, V}) -> put(replies, [V | get_or(replies, [])]);
op({stop, Reason}) -> put(decided, {stop, Reason});
op({stop_reply, Reason, V}) -> put(decided, {stop, Reason, V});
op({idle, Ms}) -> put(further, Ms);
op({continue, Request}) -> put(further, {continue, Request});
op(hibernate) -> put(hibernates, true);
op({save_from, Key}) -> otp_world:save_from(Key, get(from));
op({on_timeout, Ops}) -> put(on_timeout, Ops);
op({on_terminate, Ops}) -> put({on_terminate, get(handler)}, Ops);

%% ---- gen_statem ----

op({statem, N, Mode, Enter, Ops}) -> started(N, gen_statem:start(otp_statem, {N, Mode, Enter, Ops}, []));
op({statem_link, N, Mode, Enter, Ops}) -> started(N, gen_statem:start_link(otp_statem, {N, Mode, Enter, Ops}, []));
op({next, State}) -> put(decided, {next, State});
op(repeat) -> put(decided, repeat);
op(postpone) -> action(postpone);
op({next_event, Type, Request}) -> action({next_event, Type, Request});
op({event_timeout, Ms, Request}) -> action(timeout_action(timeout, Ms, Request));
op({state_timeout, Ms, Request}) -> action(timeout_action(state_timeout, Ms, Request));
op({named_timeout, Name, Ms, Request}) -> action(timeout_action({timeout, Name}, Ms, Request));
op({in, State, Ops, Otherwise}) ->
    case get(state) of
        State -> otp_script:run(Ops);
        _ -> otp_script:run(Otherwise)
    end;
op({on_enter, State, Ops}) -> put({on_enter, State}, get_or({on_enter, State}, []) ++ Ops);

%% ---- gen_event ----

op({event, N}) -> started(N, gen_event:start());
op({event_link, N}) -> started(N, gen_event:start_link());
op({add, M, Id, Ops}) -> added("add", gen_event:add_handler(pid(M), {otp_handler, Id}, {Id, Ops}));
op({add_sup, M, Id, Ops}) -> added("add", gen_event:add_sup_handler(pid(M), {otp_handler, Id}, {Id, Ops}));
op({delete, M, Id, Reason}) ->
    case gen_event:delete_handler(pid(M), {otp_handler, Id}, Reason) of
        {error, module_not_found} -> log("delete failed");
        Last -> log("deleted", Last)
    end;
op({swap, M, Old, Reason, Id, Ops}) ->
    added("swap", gen_event:swap_handler(pid(M), {{otp_handler, Old}, Reason}, {{otp_handler, Id}, {Id, Ops}}));
op({notify, M, Event}) -> gen_event:notify(pid(M), Event);
op({sync_notify, M, Event}) -> log("notified", gen_event:sync_notify(pid(M), Event));
op({ask, M, Id, Request}) ->
    case gen_event:call(pid(M), {otp_handler, Id}, Request) of
        {error, _} -> log("ask failed");
        Reply -> log("reply", Reply)
    end;
op({which, M}) -> log("handlers", [Id || {otp_handler, Id} <- gen_event:which_handlers(pid(M))]);
op({refuse, Why}) -> put(decided, {refuse, Why});
op(remove) -> put(decided, remove);
op({swap_self, Reason, Id, Ops}) -> put(decided, {swap, Reason, Id, Ops});
op({last, V}) -> put({last, get(handler)}, V);

%% ---- supervisors ----

op({sup, N, Flags, Children}) -> started(N, otp_sup:start_link(Flags, Children));
op({start_child, S, Child}) -> child("start_child", supervisor:start_child(pid(S), otp_sup:spec(Child)));
op({start_instance, S, More}) -> child("start_child", supervisor:start_child(pid(S), [More]));
op({terminate_child, S, Id}) -> result("terminate_child", supervisor:terminate_child(pid(S), Id));
op({terminate_pid, S, A}) -> result("terminate_child", supervisor:terminate_child(pid(S), pid(A)));
op({restart_child, S, Id}) -> child("restart_child", supervisor:restart_child(pid(S), Id));
op({delete_child, S, Id}) -> result("delete_child", supervisor:delete_child(pid(S), Id));
op({which_children, S}) ->
    All = supervisor:which_children(pid(S)),
    log("children", length(All)),
    %% In the order in which they were started; supervisor lists the newest first.
    [log("child", {Id, P, Type}) || {Id, P, Type, _} <- lists:reverse(All)];
op({count_children, S}) ->
    C = maps:from_list(supervisor:count_children(pid(S))),
    log("count", {maps:get(specs, C), maps:get(active, C), maps:get(supervisors, C), maps:get(workers, C)}).

%% ---- helpers ----

get_or(Key, Otherwise) ->
    case get(Key) of
        undefined -> Otherwise;
        V -> V
    end.

action(A) -> put(actions, get_or(actions, []) ++ [A]).

timeout_action(Type, Ms, _) when Ms < 0 -> {Type, cancel};
timeout_action(Type, Ms, Request) -> {Type, Ms, Request}.

added(What, ok) -> log(What ++ " ok");
added("swap", {error, Why}) -> log("swap refused", Why); % where add_handler gives only Why
added(What, {error, Why}) -> log(What ++ " failed", Why);
added(What, Why) -> log(What ++ " refused", Why).

child(Text, {ok, Pid}) -> log(Text, Pid);
child(Text, {error, {Reason, {child, _, _, _, _, _, _, _, _}}}) -> log(Text ++ " failed", Reason);
child(Text, {error, Reason}) -> log(Text ++ " failed", Reason).

stop(A, Reason, Ms) ->
    try log("stop", gen_server:stop(pid(A), Reason, Ms))
    catch
        exit:noproc -> log("stop", noproc);
        exit:timeout -> log("stop", timeout);
        exit:_ -> log("stop", error)
    end.

sys(Text, Fun) ->
    try log(Text, Fun())
    catch exit:{noproc, _} -> log(Text, noproc)
    end.

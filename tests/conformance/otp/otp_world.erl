%% SPDX-License-Identifier: Apache-2.0
%% What the processes of one scenario share: names of pids and refs, the trace, saved callers, counters. As world.c.
-module(otp_world).
-export([new/0, free/0, name/2, find/1, named/0, fill/1, log/1, log/2, close/0, trace/0, show/1, save_from/2, from/1, count/1]).

-define(TABLE, otp_world).

new() ->
    ets:new(?TABLE, [named_table, public, ordered_set]),
    Namer = spawn(fun namer/0),
    ets:insert(?TABLE, {namer, Namer}).

free() ->
    [{_, Namer}] = ets:lookup(?TABLE, namer),
    exit(Namer, kill),
    ets:delete(?TABLE).

%% One process gives names, so that two that name the same value do not get in each other's way.
namer() ->
    receive
        {name, From, Ref, Base, Value} ->
            case ets:lookup(?TABLE, {value, Value}) of
                [] -> add(Base, Value);
                [_] -> known
            end,
            From ! Ref,
            namer()
    end.

add(Base, Value) ->
    N = length(ets:match(?TABLE, {{entry, '_'}, Base, '_', '_'})),
    Name = case N of
        0 -> atom_to_list(Base);
        _ -> lists:concat([Base, ".", N + 1])
    end,
    ets:insert(?TABLE, {{entry, erlang:unique_integer([monotonic])}, Base, Name, Value}),
    ets:insert(?TABLE, {{value, Value}, Name}).

name(Base, Value) ->
    [{_, Namer}] = ets:lookup(?TABLE, namer),
    Ref = make_ref(),
    Namer ! {name, self(), Ref, Base, Value},
    receive Ref -> ok end.

%% The newest value with this name.
find(Name) ->
    Text = atom_to_list(Name),
    Fits = [V || [_, B, N, V] <- lists:sort(ets:match(?TABLE, {{entry, '$1'}, '$2', '$3', '$4'})), B =:= Name orelse N =:= Text],
    case Fits of
        [] -> undefined;
        _ -> lists:last(Fits)
    end.

named() -> [V || [_, V] <- lists:sort(ets:match(?TABLE, {{entry, '$1'}, '_', '_', '$2'}))].

%% Every {pid, Name} and {ref, Name} that is known becomes the value named.
fill({Kind, Name} = Term) when (Kind =:= pid orelse Kind =:= ref), is_atom(Name) ->
    case find(Name) of
        undefined -> Term;
        Value -> Value
    end;
fill(T) when is_tuple(T) -> list_to_tuple([fill(X) || X <- tuple_to_list(T)]);
fill(L) when is_list(L) -> [fill(X) || X <- L];
fill(X) -> X.

log(Text) -> log(Text, '$none').

log(Text, Value) ->
    Line = case Value of
        '$none' -> [show(self()), ": ", Text, "\n"];
        _ -> [show(self()), ": ", Text, " ", show(Value), "\n"]
    end,
    case ets:member(?TABLE, closed) of
        true -> ok;
        false -> ets:insert(?TABLE, {{line, erlang:unique_integer([monotonic])}, lists:flatten(Line)})
    end.

close() -> ets:insert(?TABLE, {closed, true}).

trace() -> [L || [_, L] <- lists:sort(ets:match(?TABLE, {{line, '$1'}, '$2'}))].

show({do, Tag, _}) -> show(Tag);
%% Erlang names a handler by its module and an id, Troupe by the id.
show({otp_handler, Id}) -> show(Id);
show(T) when is_tuple(T) -> ["{", lists:join(",", [show(X) || X <- tuple_to_list(T)]), "}"];
show(L) when is_list(L) -> ["{", lists:join(",", [show(X) || X <- L]), "}"];
show(P) when is_pid(P) -> shown(P, "pid");
show(R) when is_reference(R) -> shown(R, "ref");
show(A) when is_atom(A) -> atom_to_list(A);
show(I) when is_integer(I) -> integer_to_list(I);
show(X) -> io_lib:format("~0p", [X]).

shown(V, Otherwise) ->
    case ets:lookup(?TABLE, {value, V}) of
        [{_, Name}] -> Name;
        [] -> Otherwise
    end.

save_from(Key, From) -> ets:insert(?TABLE, {{from, Key}, From}).

from(Key) -> ets:lookup_element(?TABLE, {from, Key}, 2).

count(Key) -> ets:update_counter(?TABLE, {count, Key}, 1, {{count, Key}, -1}).

# fish completion for troupe
set -l commands run node resume executions show events replay cancel pause unpause check store plugin credential eval graph convert help
complete -c troupe -f -n "not __fish_seen_subcommand_from $commands" -a "$commands"
complete -c troupe -n "__fish_seen_subcommand_from run" -l set -x -d "Set a workload value"
complete -c troupe -n "__fish_seen_subcommand_from run" -l payload -r -d "Read the payload"
complete -c troupe -n "__fish_seen_subcommand_from run check node resume executions show events replay cancel pause unpause store" -l json -d "JSON"
complete -c troupe -n "__fish_seen_subcommand_from run" -l events -d "Each event in a line"
complete -c troupe -n "__fish_seen_subcommand_from run" -l tree -d "The tree of actors"
complete -c troupe -n "__fish_seen_subcommand_from run node resume executions show events replay cancel pause unpause store" -l data -r -d "Data folder"
complete -c troupe -n "__fish_seen_subcommand_from run" -l durability -x -a "strict batched none"
complete -c troupe -n "__fish_seen_subcommand_from eval" -l context -r -d "Values"
complete -c troupe -n "__fish_seen_subcommand_from eval" -l batch -d "A template a line"
complete -c troupe -n "__fish_seen_subcommand_from graph" -l dot
complete -c troupe -n "__fish_seen_subcommand_from graph" -l mermaid
complete -c troupe -n "__fish_seen_subcommand_from graph" -l svg
complete -c troupe -n "__fish_seen_subcommand_from store" -a "verify repair compact export import"
complete -c troupe -n "__fish_seen_subcommand_from store node" -l keep -x -d "Age or number of finished executions"
complete -c troupe -n "__fish_seen_subcommand_from executions" -l status -x -a "running paused interrupted success failed partial cancelled stalled"
complete -c troupe -n "__fish_seen_subcommand_from executions" -l since -x -d "Started since"
complete -c troupe -n "__fish_seen_subcommand_from replay" -l to -x -d "After this event"
complete -c troupe -n "__fish_seen_subcommand_from replay" -l check -d "Compare with what is recorded"
complete -c troupe -n "__fish_seen_subcommand_from plugin" -a "new test check list info load unload upgrade"
complete -c troupe -n "__fish_seen_subcommand_from plugin" -l type -x -a "provider handler validator extension integration"
complete -c troupe -n "__fish_seen_subcommand_from plugin" -l cascade -d "With those that depend on it"
complete -c troupe -n "__fish_seen_subcommand_from credential" -a "add list remove"
complete -c troupe -n "__fish_seen_subcommand_from run check node resume" -l plugin-path -r -d "A plugin, or a folder of them"
complete -c troupe -n "__fish_seen_subcommand_from run check node resume" -l config -r -d "Settings of plugins"
complete -c troupe -n "__fish_seen_subcommand_from plugin credential check" -l data -r -d "Data folder"
complete -c troupe -n "__fish_seen_subcommand_from plugin credential" -l json -d "JSON"

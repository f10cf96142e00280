# bash completion for troupe
_troupe() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "run node resume executions show events replay cancel pause unpause check store plugin credential eval graph convert help --version --help" -- "$cur")
    return
  fi
  case $prev in
    --durability) mapfile -t COMPREPLY < <(compgen -W "strict batched none" -- "$cur"); return ;;
    --data) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --payload|--context|--config|--from|--plugin-path) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --status) mapfile -t COMPREPLY < <(compgen -W "running paused interrupted damaged success failed partial cancelled stalled unknown" -- "$cur"); return ;;
    --type)
      [ "$command" = plugin ] && mapfile -t COMPREPLY < <(compgen -W "provider handler validator extension integration controller" -- "$cur")
      return ;;
    --set) return ;;
  esac
  local options=""
  case $command in
    run) options="--set --payload --json --events --tree --lenient --env --grant --plugin-path --config --detach --data --durability --snapshot-every --crash-limit --verbose --help" ;;
    check) options="--json --strict --lenient --plugin-path --config --grant --data --help" ;;
    plugin) options="new test check list info load unload upgrade --type --capability --prefix --cascade --force --config --grant --json --data --help" ;;
    credential) options="add list remove rekey --replace --type --from --json --data --help" ;;
    node) options="--data --durability --env --grant --plugin-path --config --keep --pack --snapshot-every --crash-limit --verbose --json --help" ;;
    resume) options="last --data --durability --env --grant --plugin-path --config --detach --snapshot-every --crash-limit --verbose --json --help" ;;
    executions) options="--status --playbook --since --top --limit --json --data --help" ;;
    show) options="last --steps --limit --json --data --help" ;;
    events) options="last --json --data --help" ;;
    replay) options="last --to --check --json --data --help" ;;
    cancel) options="last --reason --json --data --help" ;;
    pause|unpause) options="last --json --data --help" ;;
    store) options="verify repair compact export import --older --keep --file --json --data --help" ;;
    eval) options="--context --batch --help" ;;
    graph) options="--dot --mermaid --svg --help" ;;
    convert) options="--lenient --help" ;;
    help) options="run node resume executions show events replay cancel pause unpause check store plugin credential eval graph convert help" ;;
  esac
  if [ "$command" = plugin ] && [ "$COMP_CWORD" -gt 2 ] && [[ $cur != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -X '!*.so' -- "$cur"; compgen -d -- "$cur")
  elif [[ $cur == -* ]] || [[ " help plugin credential resume executions show events replay cancel pause unpause store " == *" $command "* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -f -X '!*.y*ml' -- "$cur"; compgen -d -- "$cur")
  fi
}
complete -o filenames -F _troupe troupe

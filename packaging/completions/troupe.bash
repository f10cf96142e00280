# bash completion for troupe
_troupe() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "run check events eval graph convert help --version --help" -- "$cur")
    return
  fi
  case $prev in
    --durability) mapfile -t COMPREPLY < <(compgen -W "strict batched none" -- "$cur"); return ;;
    --data) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --payload|--context) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --set) return ;;
  esac
  local options=""
  case $command in
    run) options="--set --payload --json --events --tree --env --grant --data --durability --help" ;;
    check) options="--json --help" ;;
    events) options="latest --json --data --help" ;;
    eval) options="--context --batch --help" ;;
    graph) options="--dot --mermaid --svg --help" ;;
    help) options="run check events eval graph convert" ;;
  esac
  if [[ $cur == -* ]] || [ "$command" = help ] || [ "$command" = events ]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -f -X '!*.y*ml' -- "$cur"; compgen -d -- "$cur")
  fi
}
complete -o filenames -F _troupe troupe

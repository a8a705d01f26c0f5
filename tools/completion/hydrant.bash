# Completion of hydrant's commands and options in bash; both are read off --help, so that they cannot differ from it.
_hydrant_options() {
  "$@" --help 2>/dev/null | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+|^ +-[a-zA-Z],' | grep -oE -- '--?[a-zA-Z][a-z-]*'
}

_hydrant() {
  local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} commands
  commands=$("$program" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
  elif [ "$COMP_CWORD" = 2 ] && [[ ${COMP_WORDS[1]} =~ ^(ring|ctl|journal)$ ]] && [ "${word:0:1}" != - ]; then
    commands=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) [[ ].*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
  elif [ "${word:0:1}" = - ] && grep -qxF -- "${COMP_WORDS[1]}" <<<"$commands"; then
    mapfile -t COMPREPLY < <(compgen -W "$(_hydrant_options "$program" "${COMP_WORDS[1]}")" -- "$word")
  fi
}

complete -o default -o bashdefault -F _hydrant hydrant

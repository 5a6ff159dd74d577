"""What a shell is told once: whom to ask for candidates. Each asks ``shiplane``, and Invoke for a project's own tasks.

A shell must not print anything but candidates into its prompt: whatever is written to standard error is dropped.
"""

from __future__ import annotations

_BASH = r"""
_shiplane_complete() {
    local IFS=$'\n' words=("${COMP_WORDS[@]:0:COMP_CWORD+1}")
    COMPREPLY=($(shiplane --complete -- "${words[@]}" 2>/dev/null </dev/null))
    if [ "${#COMPREPLY[@]}" = 0 ] && [ "${1##*/}" != shiplane ]; then
        COMPREPLY=($(compgen -W "$("$1" --complete -- "${words[*]}" 2>/dev/null </dev/null)" -- "$2"))
    fi
}
complete -o default -F _shiplane_complete shiplane invoke inv
"""
_ZSH = r"""
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_shiplane_complete() {
    local -a found
    found=(${(f)"$(shiplane --complete -- "${(@)words[1,CURRENT]}" 2>/dev/null </dev/null)"})
    if (( ! $#found )) && [[ ${words[1]:t} != shiplane ]]; then
        found=(${(f)"$(${words[1]} --complete -- "${(j: :)words[1,CURRENT]}" 2>/dev/null </dev/null)"})
    fi
    if (( $#found )); then compadd -a found; else _files; fi
}
compdef _shiplane_complete shiplane invoke inv
"""
_FISH = r"""
function __shiplane_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set --append words (commandline --current-token --cut-at-cursor)
    set -l found (shiplane --complete -- $words 2>/dev/null </dev/null)
    if test (count $found) = 0; and test (basename -- $words[1]) != shiplane
        set found ($words[1] --complete -- "$words" 2>/dev/null </dev/null)
    end
    if test (count $found) != 0
        printf '%s\n' $found
    else if type --query __fish_complete_path
        __fish_complete_path (commandline --current-token)
    end
end
for program in shiplane invoke inv
    complete --command $program --no-files --arguments '(__shiplane_complete)'
end
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

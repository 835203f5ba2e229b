# Prints what zsh completes: Complete.zsh DIRECTORY LINE, DIRECTORY holds the completion function.
#
# A second zsh runs on a pseudo-terminal, as completion only works in the line editor. Its compadd
# is wrapped: the builtin is asked once more for the matches (-O) and these are printed between two
# marks; its own list is never drawn.

zmodload zsh/zpty || exit 99
zpty Inner zsh -f -i

# Sends one line and waits for the mark that it prints, so that nothing is typed too early.
Do()
{
    zpty -w Inner "$1; print -r -- READY''_$2"
    zpty -r -m Inner Output "*READY_$2*" || { print -ru2 "the inner zsh ended"; exit 99 }
}

Do 'print -r -- PI""D=$$ ""' pid
Pid=${${Output#*PID=}%% *}
Do 'PROMPT= RPROMPT= ; stty -echo; unsetopt zle_bracketed_paste 2>/dev/null' setup
Do "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D" compinit
Do "_surface_command() { compadd -- alpha beta }; compdef _surface_command surface-command" command
Do "zstyle ':completion:*' completer _complete; zstyle ':completion:*' verbose no; LISTMAX=10000" style
Do 'compadd() {
    local -a matches
    local -i asked=$#__collected
    if [[ ${@[1,(i)(-|--)]} == *-[a-zA-Z]#[OAD]* ]]; then builtin compadd "$@"; return; fi
    builtin compadd -O matches "$@"
    __collected+=("${matches[@]}")
    builtin compadd "$@"
}' compadd
Do 'Collect() {
    typeset -ga __collected=()
    zle complete-word 2>/dev/null
    print -r -- "BEGIN""_MATCHES"; print -rl -- "${(@u)__collected}"; print -r -- "END""_MATCHES"
    BUFFER=
}; zle -N Collect; bindkey "^X" Collect; unsetopt automenu autolist' widget

zpty -w -n Inner "$2"$'\C-X'
zpty -r -m Inner Output '*BEGIN_MATCHES*END_MATCHES*' || exit 99
Output=${Output#*BEGIN_MATCHES}
print -r -- "${${Output%END_MATCHES*}//$'\r'/}"

# It must not outlive this one; who adopted it may be slow to wait for it.
zpty -d Inner
while [[ -r /proc/$Pid/stat ]] && Stat=$(</proc/$Pid/stat) 2>/dev/null && [[ $Stat != *\)\ [ZX]* ]]; do
    sleep 0.01
done

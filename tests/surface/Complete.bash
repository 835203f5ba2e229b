# Prints what bash completes: Complete.bash FILE LINE [plain], FILE holds the completion function.
# With "plain" the bash-completion package is left out even where it is installed.

package=/usr/share/bash-completion/bash_completion
if [[ $3 != plain && -r $package ]]; then
    . "$package"
fi

# Outside of the line editor there is nothing whose options could change.
compopt() { :; }

. "$1"
complete -W 'alpha beta' surface-command

# As readline splits it: at blanks, and at each run of the other break characters.
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=()
rest=$2
while [[ $rest =~ ^[[:space:]]*([=:]+|[^[:space:]=:]+) ]]; do
    COMP_WORDS+=("${BASH_REMATCH[1]}")
    rest=${rest:${#BASH_REMATCH[0]}}
done
[[ $2 == *[[:space:]] ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))

_clusterize "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
exit 0

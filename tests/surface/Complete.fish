# Prints what fish completes: Complete.fish FILE LINE, FILE holds the completions. To be run with
# --no-config, so that nothing of the user's is in the way.

set -g fish_complete_path
complete -c surface-command -f -a 'alpha beta'
source $argv[1]
complete -C $argv[2] | string replace -r '\t.*' ''
true # string fails where there was nothing to replace

# fish completion for clusterize(1). Option names are written down here; the values that clusterize
# keeps in a table (contracts, policies, signals, …) are asked from the binary being completed.

# Prints the words of the command that follows clusterize's own options, one a line; fails while
# the options still go on.
function __fish_clusterize_command
    set -l words (commandline -opc) (commandline -ct)
    set -l with_value -n --workers --env --chdir --user --group --cpu-affinity --stdin --output -p \
        --port -l --listen --backlog --adopt --exclusive --balance --contract --ready --ready-timeout --restart \
        --max-restarts --exit-ok --stop-signal --stop-timeout --stop-delay --events --log-level --pid-file --list
    set -e words[1]
    while set -q words[2]
        if test "$words[1]" = --
            printf '%s\n' $words[2..-1]
            return 0
        else if contains -- "$words[1]" $with_value
            set -e words[1..2]
        else if string match -q -- '-*' "$words[1]"
            set -e words[1]
        else
            break
        end
    end
    # No word is left where the current one is an option's value.
    set -q words[1]; or return 1
    string match -q -- '-*' "$words[1]"; and return 1
    printf '%s\n' $words
end

function __fish_clusterize_options
    not __fish_clusterize_command >/dev/null
end

# Completes the command, then the command's own words.
function __fish_clusterize_complete_command
    set -l words (__fish_clusterize_command); or return
    if set -q words[2]
        complete -C (string join ' ' -- (string escape -- $words[1..-2]) $words[-1])
    else
        __fish_complete_command
    end
end

# Prints one of the binary's lists, name and help with a tab between.
function __fish_clusterize_list
    set -l words (commandline -opc)
    command $words[1] --list $argv[1] 2>/dev/null | string replace -r '^(\S+)\s*' '$1\t'
end

function __fish_clusterize_contracts
    set -l head (string match -r '.*,' -- (commandline -ct | string replace -r '^--contract=' ''))
    printf '%s\n' auto\t'What is safe for any program' none\t'No contract at all' \
        (__fish_clusterize_list contracts) | string replace -r '^' "$head"
end

function __fish_clusterize_user
    set -l token (commandline -ct | string replace -r '^--user=' '')
    if set -l user (string match -r '^[^:]*:' -- $token)
        __fish_complete_groups | string replace -r '^' $user
    else
        __fish_complete_users
    end
end

complete -c clusterize -f
complete -c clusterize -n 'not __fish_clusterize_options' -a '(__fish_clusterize_complete_command)'

# Workers
complete -c clusterize -n __fish_clusterize_options -s n -l workers -x -a 'auto -1 50% 100%' -d 'How many copies'
complete -c clusterize -n __fish_clusterize_options -l env -x -a '(set -xn)=' -d 'Set a variable for the workers'
complete -c clusterize -n __fish_clusterize_options -l chdir -x -a '(__fish_complete_directories)' -d 'Where the workers start'
complete -c clusterize -n __fish_clusterize_options -l user -x -a '(__fish_clusterize_user)' -d 'Who the workers run as'
complete -c clusterize -n __fish_clusterize_options -l group -x -a '(__fish_complete_groups)' -d 'The group that the workers run as'
complete -c clusterize -n __fish_clusterize_options -l cpu-affinity -x -a 'auto' -d 'Pin each slot to a processor'
complete -c clusterize -n __fish_clusterize_options -l expand -d 'Expand templates in the arguments, too'
complete -c clusterize -n __fish_clusterize_options -l stdin -x -a 'inherit null' -d 'What the workers read'
complete -c clusterize -n __fish_clusterize_options -l output -r -F -a 'inherit prefix events null' -d 'What becomes of their output'

# Listeners
complete -c clusterize -n __fish_clusterize_options -s p -l port -x -d 'Serve a port'
complete -c clusterize -n __fish_clusterize_options -s l -l listen -r -F -a 'udp: unix: unix:@ fd: systemd' -d 'Serve an address'
complete -c clusterize -n __fish_clusterize_options -l backlog -x -d 'Length of the queue of waiting connections'
complete -c clusterize -n __fish_clusterize_options -l adopt -x -a '(__fish_clusterize_list adoption)' -d 'What they share that they bind'
complete -c clusterize -n __fish_clusterize_options -l exclusive -r -F -a 'unix: unix:@' -d 'What each binds for itself'
complete -c clusterize -n __fish_clusterize_options -l balance -x -a '(__fish_clusterize_list balance)' -d 'How connections are spread'
complete -c clusterize -n __fish_clusterize_options -l contract -x -a '(__fish_clusterize_contracts)' -d 'How descriptors are announced'

# Lifecycle
complete -c clusterize -n __fish_clusterize_options -l jobs -d 'Run to the end, replace nothing'
complete -c clusterize -n __fish_clusterize_options -l then -x -d 'Run a command while the cluster is up'
complete -c clusterize -n __fish_clusterize_options -l ready -x -a 'auto listen listen: notify exec' -d 'What shows that a worker is ready'
complete -c clusterize -n __fish_clusterize_options -l ready-timeout -x -d 'Limit for becoming ready'
complete -c clusterize -n __fish_clusterize_options -l restart -x -a '(__fish_clusterize_list restarts)' -d 'Which workers are replaced'
complete -c clusterize -n __fish_clusterize_options -l max-restarts -x -d 'Limit for a slot'
complete -c clusterize -n __fish_clusterize_options -l exit-ok -x -d 'Statuses that count as success'
complete -c clusterize -n __fish_clusterize_options -l kill-others-on-fail -d 'The first failure ends all'
complete -c clusterize -n __fish_clusterize_options -l stop-signal -x -a 'auto (__fish_clusterize_list signals)' -d 'What asks a worker to stop'
complete -c clusterize -n __fish_clusterize_options -l stop-timeout -x -d 'Time until KILL'
complete -c clusterize -n __fish_clusterize_options -l stop-delay -x -d 'Time until the stop signal'
complete -c clusterize -n __fish_clusterize_options -l signal-group -d 'Signals go to the process groups of the workers'
complete -c clusterize -n __fish_clusterize_options -l die-with-parent -d 'Stop when the parent process ends'

# Reporting
complete -c clusterize -n __fish_clusterize_options -l events -r -F -a '- fd:' -d 'Write events as lines of JSON'
complete -c clusterize -n __fish_clusterize_options -l log-level -x -a '(__fish_clusterize_list levels)' -d 'How much is logged'
complete -c clusterize -n __fish_clusterize_options -l pid-file -r -F -d 'Hold the process id in a file'
complete -c clusterize -n __fish_clusterize_options -l dry-run -d 'Print what would be done'
complete -c clusterize -n __fish_clusterize_options -l list -x -a '(__fish_clusterize_list lists)' -d 'Print a table'
complete -c clusterize -n __fish_clusterize_options -s V -l version -d 'Print the version'
complete -c clusterize -n __fish_clusterize_options -s h -l help -d 'Print the help'

#pragma once

#include "adopt/Modes.hxx"
#include "contract/Contracts.hxx"
#include "net/ListenSpec.hxx"
#include "output/Modes.hxx"
#include "plan/WorkerCount.hxx"
#include "pool/ReadyRule.hxx"
#include "pool/RestartPolicy.hxx"
#include "report/Level.hxx"
#include "spawn/LaunchSpec.hxx"
#include "sys/Accounts.hxx"
#include "util/Number.hxx"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace balance {
struct PolicyRow;
}

namespace plan {

/** A value that can only be tried later: `source` is the option or variable, for the message. */
struct Named {
    std::string source, value;
};

/** One use of an option, for --dry-run. */
struct Said {
    std::string_view option; // the name of its row
    std::string source; // option or variable
    std::string value;
};

/** `--max-restarts N/TIME` */
struct MaxRestarts {
    unsigned most;
    util::Duration within;
};

/** What the user has said, each value checked on its own; what was not said is empty. Filled by the
 *  rows of cli's option table, from the command line and the environment alike. */
struct Options {
    std::vector<std::string> command;

    std::optional<WorkerCount> workers;
    std::vector<std::pair<std::string, std::string>> assignments;
    std::string directory;
    spawn::Ids user; // --user: its primary group and supplementary groups too
    std::optional<sys::User> account; // that of --user; nullopt: it has none
    Named user_said; // for a message
    std::optional<gid_t> group; // --group
    std::vector<unsigned> cpus; // empty: not pinned
    bool expand = false;
    std::optional<bool> null_stdin;

    std::vector<net::ListenSpec> listeners;
    std::optional<int> backlog;
    std::optional<adopt::Mode> adopt;
    adopt::Exclusives exclusives;
    std::string adopt_source, exclusive_source; // option or variable, for a message
    const balance::PolicyRow *policy = nullptr;
    std::optional<contract::ContractList> contracts;

    bool jobs = false, kill_others_on_fail = false;
    bool signal_group = false, die_with_parent = false;
    std::optional<pool::RestartWhen> restart;
    std::optional<Named> then;
    std::string jobs_source, restart_source; // option or variable, for a message
    std::optional<pool::ReadySpec> ready; // --ready
    std::string ready_source;
    std::optional<util::Duration> ready_timeout;
    std::optional<MaxRestarts> max_restarts;
    std::vector<int> exit_ok;
    std::optional<int> stop_signal; // empty: auto
    std::optional<util::Duration> stop_timeout, stop_delay;

    output::OutputSpec output;
    std::optional<Named> events, pid_file;
    std::optional<report::Level> log_level;
    bool dry_run = false;
    std::vector<Said> said; // in the order of the uses
};

} // namespace plan

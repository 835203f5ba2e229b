#pragma once

#include "balance/Policies.hxx"
#include "net/Activation.hxx"
#include "plan/Options.hxx"
#include "plan/Watchdog.hxx"
#include "pool/PoolSpec.hxx"
#include "sys/UnixDatagram.hxx"

#include <string>
#include <vector>

namespace plan {

/** What the launcher was started in; the workers get it back. */
struct Surroundings {
    spawn::Environment environment; // without options and without what was consumed
    std::optional<std::string> web_concurrency;
    std::optional<net::Activation> activation;
    std::optional<std::string> notify_socket; // of whoever started the launcher
    WatchdogVariables watchdog;
    rlimit descriptor_limit = {};
    bool has_terminal = false;
};

/** All decisions that are made before anything is opened or started. */
struct Plan {
    std::vector<net::ListenSpec> listeners;
    const balance::PolicyRow *policy = nullptr;
    adopt::Spec adopt;
    pool::PoolSpec pool;
    std::optional<std::string> then; // a shell command to run while the cluster is up
    unsigned seed = 0; // of the jitter of restarts
    bool notify = false; // each worker has a NOTIFY_SOCKET
    std::optional<sys::UnixAddress> service_manager; // who is told how the cluster does
    std::optional<Watchdog> watchdog;
    output::OutputSpec output;
    std::optional<Named> events, pid_file;
    report::Level log_level = report::Level::INFO;
    report::Level serving_log_level = report::Level::INFO; // where jobs become a serving cluster
    std::vector<std::string> warnings;
    bool dry_run = false; // say all of this and do nothing
    bool die_with_parent = false; // --die-with-parent
    std::vector<Said> said; // where it comes from
};

/** Puts defaults in place and checks what only the whole shows. Throws util::UserError. */
Plan Build(Options options, Surroundings surroundings);

} // namespace plan

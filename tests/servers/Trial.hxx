#pragma once

#include "Servers.hxx"
#include "Volley.hxx"
#include "harness/Harness.hxx"

#include <memory>
#include <set>
#include <string>
#include <vector>

constexpr unsigned WORKERS = 3;

/** How clusterize is started in one column of a matrix. */
struct Way {
    std::string name, balance;

    /** As root: the workers are another user's, by --user. */
    bool other_user = false;
    bool needs_root = false;

    /** The rights of the launcher itself. */
    harness::Start start{};
};

/** One server behind one clusterize. The steps are called in the order in which they stand here. */
class Trial {
    const Server &server;
    const Way way;
    const std::string built;
    harness::TempDir dir;
    std::string port, address;
    std::unique_ptr<harness::Cluster> cluster;
    std::unique_ptr<Volley> volley;

    /** What was below the worker that was killed. */
    std::vector<pid_t> orphans;
    unsigned killed_id = 0, killed_slot = 0;

    std::string Filled(std::string_view text) const;
    std::vector<std::string> Filled(const std::vector<std::string_view> &texts) const;

    /** Where a client goes. */
    std::string Where() const;

    /** The ids of the processes that answer: several questions are under way at once. */
    std::set<pid_t> Answering() const;

    /** The worker (its main process) that a process belongs to; 0 where it belongs to none. */
    pid_t WorkerOf(pid_t pid) const;

    void Kill(unsigned slot);

public:
    /** `built` is the directory with what Server::build made. */
    Trial(const Server &server_, Way way_, std::string built_);

    std::string Name() const { return std::string(server.name) + ", " + way.name; }

    void WaitUp();

    /** Asks until each worker has answered. */
    void CheckAllAnswer();

    /** Ends one worker as a crash would. */
    void KillOne();

    /** The same, while connections are being opened, wait, are accepted, and are answered. */
    void KillOneUnderLoad();

    void WaitHealed();

    /** Of the connections open at the kill only those are lost that the killed worker had accepted. */
    void CheckLosses();

    void Stop();
};

/**
 * The whole of a test program: takes servers through the steps, each in all ways side by side, as most
 * of the time is spent on waiting. What is not installed is reported as skipped. $SERVER names one row of the table,
 * without it all are tried, one after the other. `names` are those that the build starts the program
 * with: no row may be forgotten there. `under_load` chooses how a worker is killed.
 */
void TryTable(std::span<const Server> servers, const std::string &names,
              const std::vector<Way> &ways, bool under_load);

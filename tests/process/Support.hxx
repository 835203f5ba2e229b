#pragma once

#include "harness/Harness.hxx"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

/** What several process tests say in the same way. */
namespace process {

using namespace harness;

/** Path of one of tests/process/programs. */
std::string Program(const std::string &name);

inline std::string Behave() {
    return Program("behave");
}
inline std::string EchoServer() {
    return Program("echo-server");
}

/**
 * The same case as root (false) and as an unprivileged user without any capability (true). Where the
 * test has no root, its half is reported as skipped.
 */
void AsEveryone(const std::function<void(bool nobody)> &body);

/** "a=1 b=2" */
std::map<std::string, std::string> Fields(const std::string &line);

/** The value of one field. */
std::string Field(const std::string &line, const std::string &name);

std::vector<std::string> Lines(const std::string &text);
size_t Count(const std::string &text, const std::string &part);
bool Contains(const std::string &text, const std::string &part);

/** A copy of another process's descriptor. */
Fd TakeFd(pid_t pid, int fd);

/** Runs in the network namespace of a process. */
void InNetworkOf(pid_t pid, const std::function<void()> &body);

/** `ready` of the worker with that id. */
void WaitReady(Cluster &cluster, unsigned id);

/** Waits until the first listener is steered as it will be; its tier. */
std::string WaitBalance(Cluster &cluster);

/** Waits until the program of every slot has said "pid=…", so that it handles signals. */
void WaitAllReport(Cluster &cluster);

/** That, then TERM; the end. */
Ended StopServers(Cluster &cluster);

/** The names of the launcher's own processes. An errand process ends after 2 s without work. */
constexpr const char *WATCHER = "clusterize-watc", *ERRANDS = "clusterize-look";

/** Waits for the process that outlives the launcher; another one than `other_than`. */
pid_t WaitWatcher(const Cluster &cluster, pid_t other_than = 0);

bool HasErrands(const Cluster &cluster);

/** Slot → how many of `count` new connections it answered. */
std::map<std::string, unsigned> Shares(const std::string &address, unsigned count,
                                       const std::string &field = "slot");

/**
 * It ended with the status, wrote nothing to standard output, and one line, "clusterize: …", that has
 * all of `mentions` in it, to standard error.
 */
void CheckRefused(const Result &result, int status, const std::vector<std::string> &mentions);

/** Has the `event` predicate look at one whole-number field. */
EventPredicate With(const std::string &field, long value);

/** How many processes below this one are stopped. */
unsigned CountStopped(pid_t pid);

} // namespace process

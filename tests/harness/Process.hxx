#pragma once

#include "harness/Net.hxx"
#include "harness/Wait.hxx"

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace harness {

/** How a process ended. */
struct Ended {
    int code = -1;
    int signal = 0;

    bool operator==(const Ended &) const = default;
};

inline Ended Exited(int code) {
    return {code, 0};
}
inline Ended Killed(int signal) {
    return {-1, signal};
}
std::ostream &operator<<(std::ostream &os, const Ended &ended);

/** A variable to set, or to remove where there is no value. */
using EnvironmentChange = std::pair<std::string, std::optional<std::string>>;

/** A descriptor of the test and the number that the new process has it under. */
struct GivenFd {
    int from;
    int number;
};

struct Limit {
    int resource;
    rlim_t soft, hard;
};

/** What a process starts with. */
struct Start {
    std::vector<std::string> argv{};

    /**
     * The environment is the test's own without CLUSTERIZE*, PORT, WEB_CONCURRENCY and what the
     * known contracts use, with these changes.
     */
    std::vector<EnvironmentChange> env{};
    std::string cwd{};

    /** What standard input gives; without it, /dev/null. */
    std::optional<std::string> input{};
    std::vector<GivenFd> fds{};

    /**
     * Drops everything as setpriv does: no groups, uid and gid 65534, an empty bounding set,
     * no_new_privs. Where the test itself is not root this changes nothing.
     */
    bool nobody = false;

    /** Another id for that, where a test counts the processes of a user. */
    unsigned nobody_id = 65534;

    /**
     * Root with exactly the capabilities that Docker gives a container. Where the test is not root
     * this changes nothing.
     */
    bool docker_capabilities = false;

    /** Under a seccomp filter that refuses what Docker's default profile refuses, clone3 as it does. */
    bool docker_profile = false;
    std::vector<Limit> limits{};

    /** PID 1 of a new PID namespace with its own /proc; needs root. */
    bool pid_namespace = false;

    /** A network namespace of its own, only loopback, up; needs root. */
    bool net_namespace = false;

    /**
     * A terminal as standard input and controlling terminal, in its foreground. Without it the
     * process has a new session and no terminal.
     */
    bool terminal = false;

    /** Signals that it starts with ignored, and blocked. */
    std::vector<int> ignored{}, blocked{};

    /**
     * Its end leaves processes behind on purpose, as a container runtime does: they are neither
     * reported nor killed. The test has its own way to end them.
     */
    bool leaves_others = false;

    /** Runs in the new process before anything else of this list is dropped. */
    std::function<void()> prepare{};
};

/** The program under test. */
const std::string &ClusterizePath();

/** A path that any user can run: the same one, or that of a copy. */
std::string Reachable(const std::string &program);

bool IsRoot();

constexpr unsigned NOBODY = 65534;

/**
 * A program that the test started. Its output goes to memory. When the object goes away, it and
 * everything that it left behind is killed by pid; what outlived a process that ended by itself is
 * reported as a failure of the test.
 */
class Process {
protected:
    struct Impl;
    std::unique_ptr<Impl> impl;

public:
    explicit Process(Start start);
    virtual ~Process();
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    pid_t Pid() const;

    /** What it and its children have written so far. */
    std::string Out() const;
    std::string Err() const;

    /** Looks until the text is there; throws in time. */
    void WaitOut(const std::string &text, Duration patience = PATIENCE) const;
    void WaitErr(const std::string &text, Duration patience = PATIENCE) const;

    void Signal(int signo) const;

    /** Types into the terminal. */
    void Type(const std::string &text) const;

    /** The terminal hangs up. */
    void HangUp();

    bool HasEnded();

    /** Waits for its end; throws in time. */
    Ended Wait(Duration patience = PATIENCE);

    /** TERM, then Wait. */
    Ended Stop(Duration patience = PATIENCE);

    /**
     * Living processes that come from this one and are not below it any more (or it has ended).
     * The test program adopts orphans, and a mark in the environment tells whose they are.
     */
    std::vector<pid_t> Leftovers() const;

    /** Kills it and everything from it, without a failure. */
    void KillAll() noexcept;

    /** All that is known, for a message. */
    virtual std::string Describe() const;
};

struct Result {
    Ended ended;
    std::string out, err;
};

/** Runs a program to its end. */
Result Run(Start start);

/** Runs clusterize to its end: the arguments, without its name. */
Result RunClusterize(std::vector<std::string> arguments, Start start = {});

/** One line of --events. */
class Event {
    std::shared_ptr<const nlohmann::json> value;

public:
    Event() = default;
    explicit Event(const std::string &line);

    std::string Name() const { return Text("event"); }
    bool Has(const std::string &field) const;
    bool IsNull(const std::string &field) const;

    /** Throw where the field is missing or of another type. */
    long Number(const std::string &field) const;
    double Real(const std::string &field) const;
    std::string Text(const std::string &field) const;
    bool Flag(const std::string &field) const;
    std::vector<Event> List(const std::string &field) const;
    Event Object(const std::string &field) const;

    std::string Dump() const;
};

using EventPredicate = std::function<bool(const Event &)>;

/** What a cluster starts with: everything of Start but argv. */
struct Setup {
    std::vector<std::string> options{};
    std::vector<std::string> command{};
    Start start{};

    /** Words before clusterize's own: a program that executes the rest of its arguments. */
    std::vector<std::string> wrapper{};

    /** Pass --events fd:63; without it the event functions are of no use. */
    bool events = true;
};

/** A running clusterize. */
class Cluster : public Process {
    struct Stream;
    std::unique_ptr<Stream> stream;

    Cluster(Setup &&setup, std::unique_ptr<Stream> stream_);

public:
    explicit Cluster(Setup setup);
    ~Cluster() override;

    /** Every event so far. */
    const std::vector<Event> &Events();

    /**
     * The first event since the start, past or coming, of that name for which the predicate
     * holds. Throws in time, or when the launcher has ended without it.
     */
    Event WaitEvent(const std::string &name, const EventPredicate &predicate = {},
                    Duration patience = PATIENCE);

    /** The first `count` of them. */
    std::vector<Event> WaitEvents(const std::string &name, size_t count,
                                  const EventPredicate &predicate = {},
                                  Duration patience = PATIENCE);

    /** All of that name so far. */
    std::vector<Event> Seen(const std::string &name, const EventPredicate &predicate = {});

    /** Waits for `up`. */
    void WaitUp() { (void)WaitEvent("up"); }

    /** Waits until a worker executes its command; its pid as the launcher sees it. */
    pid_t WaitOnline(unsigned id);

    /** The newest online worker of each slot that has not ended: slot → pid. */
    std::map<unsigned, pid_t> Workers();

    /** Waits for `setup`: the n-th listener as a client connects to it ("127.0.0.1:4242"). */
    std::string Address(size_t n = 0);

    /** Waits for `setup`: its port. */
    unsigned Port(size_t n = 0);

    /** Value of CLUSTERIZE_RUN, from the environment of a worker; waits for the first `online`. */
    std::string RunMark();

    std::string Describe() const override;
};

} // namespace harness

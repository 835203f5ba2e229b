#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace report {

/** An address that the cluster serves, as events show it. */
struct ListenerInfo {
    std::string name, address; // "::", "127.0.0.1", "/run/x.sock", "@abstract"
    std::optional<unsigned> port;
    std::string_view type; // tcp, udp, unix
};

/** How connections are spread, and what a better way would need here (empty: nothing). */
struct BalanceInfo {
    std::string_view policy, tier;
    std::string lacks;
};

/** Which worker an event is about; the names are Node's and design.md's. */
struct WorkerInfo {
    unsigned id = 0, slot = 0, generation = 1;
    pid_t pid = 0; // 0: it has no process yet
    unsigned seat = 0; // which sockets of the listeners are its own

    friend bool operator==(const WorkerInfo &, const WorkerInfo &) noexcept = default;
};

/** What is known of a worker's own socket of a listener. */
struct SocketInfo {
    std::string listener; // its name
    std::optional<std::uint64_t> given; // by the kernel's program, to its seat
    std::optional<unsigned> queue, limit; // connections that wait, and may
};

/** A seat of a listener: one of its sockets, which the worker accepts from that has the seat. */
struct SeatInfo {
    unsigned seat;
    std::optional<unsigned> id; // its worker's
    std::string_view reason; // why it gets no connections; empty: it gets some
};

// One struct per event: NAME and HELP, and the fields in the order of the JSON object. Sinks visit
// the fields; a field that is a nullopt becomes null where VisitFields says so by giving the
// optional. man/clusterize-events.schema.json has the same events and fields; the tests compare.

struct Setup {
    static constexpr std::string_view NAME = "setup",
                                      HELP =
                                          "the launcher is about to start workers, or jobs serve";
    unsigned workers;
    bool serving;
    BalanceInfo balance;
    std::vector<ListenerInfo> listeners;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("workers", workers);
        visit("serving", serving);
        visit("balance", balance);
        visit("listeners", listeners);
    }
};

struct Balance {
    static constexpr std::string_view
        NAME = "balance",
        HELP = "how connections of a listener are spread has changed after the start";
    std::string listener; // its name
    std::string address; // "127.0.0.1:80", "[::]:80"
    BalanceInfo balance;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("listener", listener);
        visit("address", address);
        visit("balance", balance);
    }
};

struct Steering {
    static constexpr std::string_view
        NAME = "steering",
        HELP = "other workers than before get the connections of a listener";
    std::string listener; // its name
    std::vector<SeatInfo> active, others;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("listener", listener);
        visit("active", active);
        visit("others", others);
    }
};

/** What fork, online and others share. */
struct WorkerEvent {
    WorkerInfo worker;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("id", worker.id);
        visit("slot", worker.slot);
        visit("generation", worker.generation);
        visit("pid", worker.pid);
    }
};

struct Fork : WorkerEvent {
    static constexpr std::string_view NAME = "fork", HELP = "a worker's process was made";
};

struct Online : WorkerEvent {
    static constexpr std::string_view NAME = "online", HELP = "a worker executes its command";
};

/** Node's: 4, 6 or -1 for a unix socket; "udp4", "udp6". */
using AddressType = std::variant<int, std::string_view>;

struct Listening : WorkerEvent {
    static constexpr std::string_view NAME = "listening",
                                      HELP = "a worker listens on a socket of the cluster";
    std::string address;
    int port; // -1: a unix socket
    AddressType address_type;
    bool adopted; // it has bound it by itself

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        WorkerEvent::VisitFields(visit);
        visit("address", address);
        visit("port", port);
        visit("addressType", address_type);
        visit("adopted", adopted);
    }
};

struct Ready : WorkerEvent {
    static constexpr std::string_view NAME = "ready", HELP = "a worker counts as able to serve";
    std::string_view by; // what showed it: exec, alive, notify, listening

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        WorkerEvent::VisitFields(visit);
        visit("by", by);
    }
};

struct Up {
    static constexpr std::string_view NAME = "up", HELP = "every slot has a worker that is ready";
    unsigned workers;
    std::vector<ListenerInfo> listeners;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("workers", workers);
        visit("listeners", listeners);
    }
};

struct Exit : WorkerEvent {
    static constexpr std::string_view NAME = "exit", HELP = "a worker ended";
    std::optional<int> code = {};
    std::optional<std::string> signal = {};
    bool exited_after_disconnect = false; // it was asked to: not replaced
    std::optional<std::string_view> reason = {}; // why the launcher killed it, where it did
    bool oom = false; // the kernel killed it for want of memory
    std::vector<SocketInfo> sockets = {}; // those of its seat of which something is known

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        WorkerEvent::VisitFields(visit);
        visit("code", code);
        visit("signal", signal);
        visit("exitedAfterDisconnect", exited_after_disconnect);
        visit("reason", reason);
        if (oom)
            visit("oom", true);
        if (!sockets.empty())
            visit("sockets", sockets);
    }
};

struct Restart {
    static constexpr std::string_view NAME = "restart",
                                      HELP = "a slot gets a new worker after a delay";
    unsigned slot;
    double delay; // seconds
    std::string reason; // how the last one ended
    std::optional<unsigned>
        attempt; // the how-manieth within the limit's time; empty: over the limit
    unsigned limit;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("slot", slot);
        visit("delay", delay);
        visit("reason", reason);
        visit("attempt", attempt);
        visit("limit", limit);
    }
};

struct Failed {
    static constexpr std::string_view NAME = "failed",
                                      HELP = "a slot needed too many new workers in a short time";
    unsigned slot;
    std::string reason; // how the last worker ended
    unsigned restarts;
    double within; // seconds

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("slot", slot);
        visit("reason", reason);
        visit("restarts", restarts);
        visit("within", within);
    }
};

struct Error {
    static constexpr std::string_view NAME = "error",
                                      HELP = "something failed: stage, errno and text";
    std::string_view stage;
    int error; // errno, 0 where there is none
    std::string message;
    std::optional<unsigned> id, slot;

    template <typename Visitor> void VisitFields(Visitor &&visit) const;
};

/** A line that a worker wrote; not said to people, who read the output itself. There are many of
 *  them: `line` is borrowed and good until Emit() returns. */
struct Output : WorkerEvent {
    static constexpr std::string_view NAME = "output",
                                      HELP = "a worker wrote a line (with --output events)";
    std::string_view stream, line; // stdout, stderr; without its newline

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        WorkerEvent::VisitFields(visit);
        visit("stream", stream);
        visit("line", line);
    }
};

struct Stop {
    static constexpr std::string_view NAME = "stop", HELP = "the cluster begins to stop";
    std::string_view reason;
    std::optional<std::string> signal;

    template <typename Visitor> void VisitFields(Visitor &&visit) const {
        visit("reason", reason);
        visit("signal", signal);
    }
};

/** Made by the sink itself. */
struct Dropped {
    static constexpr std::string_view NAME = "dropped",
                                      HELP = "lines that nobody read in time were lost";
    std::uint64_t count;

    template <typename Visitor> void VisitFields(Visitor &&visit) const { visit("count", count); }
};

using Event = std::variant<Setup, Balance, Steering, Fork, Online, Listening, Ready, Up, Exit,
                           Restart, Failed, Error, Output, Stop, Dropped>;

struct EventRow {
    std::string_view name, help;
};

/** For `--list events`; made from the variant. */
extern const std::array<EventRow, std::variant_size_v<Event>> EVENTS;

std::string_view ErrnoField(int error) noexcept;

template <typename Visitor> void Error::VisitFields(Visitor &&visit) const {
    visit("stage", stage);
    visit("errno", error != 0 ? std::optional(std::string(ErrnoField(error))) : std::nullopt);
    visit("message", message);
    if (id)
        visit("id", *id);
    if (slot)
        visit("slot", *slot);
}

} // namespace report

#pragma once

#include "adopt/Book.hxx"
#include "adopt/HeldSearch.hxx"
#include "adopt/Snapshot.hxx"
#include "net/ListenerTable.hxx"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace adopt {

/** Everything that is known when a call is decided about. */
struct Question {
    /** Of a path that was bound for the caller. */
    struct PathResult {
        int error = 0;
        std::string text; // of the error, for the log
        net::BoundPath bound;
    };

    Snapshot caller;
    std::optional<HeldSearch::Inodes> held_by_worker; // of those that were asked for
    std::optional<HeldSearch::Inodes> held_below_launcher;
    std::uint64_t search_began = 0; // Adoption::Moment()
    std::optional<PathResult> path;
};

/** What is done about a call: an answer, or something that has to be found out or done first. Then
 *  the call is decided about once more, from the beginning. */
struct Decision {
    enum class Kind : std::uint8_t {
        CONTINUE, // the kernel executes the call with what the worker has
        RETURN, // it has been done: 0
        FAIL, // `error` is its errno
        NONE, // the call is gone
        PUT, // `socket` becomes the caller's descriptor; then RETURN
        SEARCH, // which of `sockets` are held?
        BIND_PATH, // bind `spec` as the caller would have
        WAIT, // until another worker has the path of `caller.path`
    } kind = Kind::CONTINUE;

    int error = 0;
    sys::UniqueFd socket;
    KnownSocket known;
    std::vector<net::SocketOption> options; // of `socket`, set before it is put
    bool restore = false; // the file of known.listener is put back first
    bool listens = false; // as soon as it is put, the worker listens at known.listener, or alone
    std::string text; // for the log, if it is put
    std::vector<std::uint64_t> sockets;
    bool below_launcher = false; // SEARCH: not in this worker alone
    net::ListenSpec spec;
    bool hold = true; // BIND_PATH: with a second name

    static Decision Continue() { return {}; }
    static Decision Return() { return Of(Kind::RETURN); }
    static Decision Fail(int error) {
        Decision decision = Of(Kind::FAIL);
        decision.error = error;
        return decision;
    }
    static Decision Wait() { return Of(Kind::WAIT); }
    static Decision Search(std::vector<std::uint64_t> sockets, bool below_launcher) {
        Decision decision = Of(Kind::SEARCH);
        decision.sockets = std::move(sockets);
        decision.below_launcher = below_launcher;
        return decision;
    }
    static Decision Put(sys::UniqueFd socket, KnownSocket known) {
        Decision decision = Of(Kind::PUT);
        decision.socket = std::move(socket);
        decision.known = std::move(known);
        return decision;
    }

private:
    static Decision Of(Kind kind) {
        Decision decision;
        decision.kind = kind;
        return decision;
    }
};

} // namespace adopt

#pragma once

#include "adopt/AdopteeState.hxx"

namespace adopt {

/** Decides about bind(2) of unix paths. Borrows the state.
 *
 *  The first caller has its file made with its own rights, in a process of its own. Another caller
 *  gets that socket if it could have bound it alone: it has the uid of the maker, or could remove
 *  the file and make its own; and, if the file is there, it belongs to another worker. */
class PathHandler {
public:
    explicit PathHandler(AdopteeState &_state) noexcept
        : state(_state), adoption(_state.adoption) {}

    /** Throws net::OpenError. */
    Decision Decide(Question &question, const net::Endpoint &at);

private:
    bool IsExclusive(const Snapshot &caller, const std::string &path) const;
    Decision Exclusive(Question &question, const net::Endpoint &at);
    Decision Take(const Question &question, const net::Endpoint &at, net::Listener &listener);
    Decision Make(Question &question, const net::Endpoint &at);
    bool MayHave(const Snapshot &caller, const net::Listener &listener) const noexcept;

    AdopteeState &state;
    Adoption &adoption;
};

} // namespace adopt

#pragma once

#include "adopt/AdopteeState.hxx"

namespace adopt {

/** Decides about bind(2) of TCP and UDP sockets and of abstract unix names. Borrows the state. */
class BindHandler {
public:
    explicit BindHandler(AdopteeState &_state) noexcept
        : state(_state), adoption(_state.adoption) {}

    /** The address is one of the socket's family. May open listeners. Throws net::OpenError. */
    Decision Decide(const Question &question, const net::Endpoint &at);

private:
    Decision DecideAbstract(const Question &question, const net::Endpoint &at);
    Decision Exclusive(const Question &question, const net::Endpoint &at, net::Address in_place);
    Decision Asked(const Question &question, const net::Endpoint &at, net::Listener &listener);
    Decision Placeholder(const Question &question, const net::Endpoint &at);

    AdopteeState &state;
    Adoption &adoption;
};

} // namespace adopt

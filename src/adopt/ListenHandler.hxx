#pragma once

#include "adopt/AdopteeState.hxx"

namespace adopt {

/** Decides about listen(2). Borrows the state. */
class ListenHandler {
public:
    explicit ListenHandler(AdopteeState &_state) noexcept
        : state(_state), adoption(_state.adoption) {}

    /** May open listeners. Throws net::OpenError. */
    Decision Decide(const Question &question);

private:
    Decision Again(const Question &question, const KnownSocket &known);
    Decision InPlaceOf(const Question &question, const KnownSocket &placeholder);
    Decision Private(const Question &question, KnownSocket *known);
    Decision Take(const Question &question, net::Endpoint at, net::Listener &listener);
    static int Backlog(const Snapshot &caller) noexcept;

    AdopteeState &state;
    Adoption &adoption;
};

} // namespace adopt

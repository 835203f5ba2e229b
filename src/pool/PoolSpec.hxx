#pragma once

#include "pool/ReadyRule.hxx"
#include "pool/RestartPolicy.hxx"
#include "pool/StopLadder.hxx"
#include "pool/WorkerSpec.hxx"

#include <memory>

namespace pool {

struct PoolSpec {
    unsigned slots;
    bool serving; // at first; otherwise they are jobs, which run to their end
    RestartSpec restart; // while it serves
    bool kill_others_on_fail = false; // the first failure ends all
    StopSpec stop;
    std::shared_ptr<const WorkerSpec> worker;
    ReadySpec ready = {};

    /** A slot has addresses that two processes cannot have at the same time: its worker ends before
     *  the next one starts. */
    bool old_first = false;
};

} // namespace pool

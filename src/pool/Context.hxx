#pragma once

#include "loop/Loop.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "pool/Leftovers.hxx"
#include "pool/OomCheck.hxx"
#include "pool/Orphans.hxx"
#include "pool/Reaper.hxx"
#include "pool/StopLadder.hxx"
#include "pool/TriggerQueue.hxx"
#include "report/Reporter.hxx"

namespace pool {

class RestartPolicy;
class Starter;
class WorkerFactory;

/** What all workers and slots of a pool work with. Borrowed. */
struct Context {
    loop::Loop &loop;
    report::Reporter &reporter;
    net::ListenerTable &table;
    TriggerQueue &triggers;
    const Agents &agents;
    Starter &starter;
    Reaper &reaper;
    Orphans &orphans;
    OomCheck &oom;
    WorkerFactory &factory;
    RestartPolicy &restart;
    const StopSpec &stop;

    /** PoolSpec::old_first. */
    bool old_first = false;
};

} // namespace pool

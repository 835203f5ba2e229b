#include "contract/Consumed.hxx"

#include <doctest/doctest.h>

using namespace contract;

TEST_CASE("what speaks to the launcher is taken away, what only looks like it stays") {
    const char *const entries[] = {
        "LISTEN_FDS=1", "LISTEN_PID=7", "LISTEN_FDNAMES=x", "LISTEN_PIDFDID=9", "NOTIFY_SOCKET=@x",
        "WATCHDOG_USEC=1", "WATCHDOG_PID=7", "NODE_CHANNEL_FD=3",
        "NODE_CHANNEL_SERIALIZATION_MODE=json", "NODE_UNIQUE_ID=1", "EINHORN_FD_0=3",
        "EINHORN_FD_COUNT=1", "EINHORN_SOCK_PATH=/x", "SERVER_STARTER_PORT=1=3",
        "SERVER_STARTER_GENERATION=1", "CLUSTERIZE_WORKER_ID=1", "CLUSTERIZE_SLOT=0",
        "CLUSTERIZE_WORKER_COUNT=1", "CLUSTERIZE_GENERATION=1", "CLUSTERIZE_PID=1",
        "CLUSTERIZE_RUN=x", "CLUSTERIZE_SOCKET=/x", "CLUSTERIZE_CHANNEL_FD=4",
        // these stay
        "PATH=/bin", "LISTEN_FD=1", "LISTEN_FDSX=1", "LISTEN=1", "XNOTIFY_SOCKET=1", "WATCHDOG=1",
        "NODE_ENV=production", "NODE_OPTIONS=-x", "NODE_CLUSTER_SCHED_POLICY=rr", "EINHORN=1",
        "SERVER_STARTER=1", "PORT=80", "CLUSTERIZE_WORKERS=4", "CLUSTERIZE_SLOTS=1",
        "VALUE=LISTEN_FDS", nullptr};
    spawn::Environment env(entries);
    RemoveConsumed(env);
    CHECK(env.Entries() ==
          std::vector<std::string>{"PATH=/bin", "LISTEN_FD=1", "LISTEN_FDSX=1", "LISTEN=1",
                                   "XNOTIFY_SOCKET=1", "WATCHDOG=1", "NODE_ENV=production",
                                   "NODE_OPTIONS=-x", "NODE_CLUSTER_SCHED_POLICY=rr", "EINHORN=1",
                                   "SERVER_STARTER=1", "PORT=80", "CLUSTERIZE_WORKERS=4",
                                   "CLUSTERIZE_SLOTS=1", "VALUE=LISTEN_FDS"});
}

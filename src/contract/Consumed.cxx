#include "contract/Consumed.hxx"

#include <algorithm>
#include <array>
#include <string_view>

namespace contract {

namespace {

/** Names; one that ends with '*' stands for all that begin so. */
constexpr std::array<std::string_view, 19> CONSUMED = {
    "LISTEN_FDS",           "LISTEN_PID",
    "LISTEN_FDNAMES",       "LISTEN_PIDFDID",
    "LISTEN_FDS_FIRST_FD",  "NOTIFY_SOCKET",
    "WATCHDOG_*",           "NODE_CHANNEL_*",
    "NODE_UNIQUE_ID",       "EINHORN_*",
    "SERVER_STARTER_*",     "CLUSTERIZE_WORKER_ID",
    "CLUSTERIZE_SLOT",      "CLUSTERIZE_CHANNEL_FD",
    "CLUSTERIZE_SOCKET",    "CLUSTERIZE_RUN",
    "CLUSTERIZE_PID",       "CLUSTERIZE_WORKER_COUNT",
    "CLUSTERIZE_GENERATION"};

bool IsConsumed(std::string_view name) noexcept {
    return std::any_of(CONSUMED.begin(), CONSUMED.end(), [name](std::string_view row) {
        return row.ends_with('*') ? name.starts_with(row.substr(0, row.size() - 1)) : name == row;
    });
}

} // namespace

void RemoveConsumed(spawn::Environment &env) {
    env.UnsetIf(IsConsumed);
}

} // namespace contract

#pragma once

#include "net/ListenerTable.hxx"
#include "report/Event.hxx"

#include <vector>

namespace pool {

// What events tell of listeners and their sockets.

/** The listeners of a table, as `setup` and `up` show them. */
std::vector<report::ListenerInfo> DescribeListeners(const net::ListenerTable &table);

/** The sockets that a seat has for itself, as `exit` shows them. */
std::vector<report::SocketInfo> DescribeSockets(const net::ListenerTable &table, unsigned seat);

/** A worker that listens at `at`. */
report::Listening DescribeListening(const report::WorkerInfo &worker, const net::Endpoint &at,
                                    bool adopted);

} // namespace pool

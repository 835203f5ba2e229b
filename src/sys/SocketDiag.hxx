#pragma once

#include <cstdint>

namespace sys {

/** Is the TCP or unix socket with this inode number connected, or about to be? For sockets of
 *  others that cannot be copied (OtherProcess::Copy), if they are of the caller's network
 *  namespace. `family`: AF_INET, AF_INET6 or AF_UNIX. Asks sock_diag(7); false if that does not
 *  know. The time rises with the number of connections: about 10 ms for 50,000. */
bool IsConnectedSocket(int family, std::uint64_t inode);

} // namespace sys
